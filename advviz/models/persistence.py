"""Requests that are made again while there is hope."""

import time
from collections.abc import Callable
from typing import TypeVar

from advviz.models.answers import NotNowError, TransferError, explained, is_unreachable

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try that follows one without a new byte; then it is given up."""

TICK = 0.1  # seconds between two calls of whoever may give up, during a pause
T = TypeVar("T")


def persist(
    attempt: Callable[[], T], host: str, reached: Callable[[], int], tick: Callable[[], None]
) -> T:
    """Try until it works, or until several tries in a row brought nothing new.

    A server that was never reached is not waited for: most likely there is no network.

    Args:
        attempt: a request, or several.
        host: that it goes to, for the sentence.
        reached: bytes that are there, to tell whether a try brought any.
        tick: called again and again during a pause; may raise to give up.

    Raises:
        TransferError: a clause that says what the last try met.
    """
    import httpx2

    best, failures, met = reached(), 0, False
    while True:
        try:
            return attempt()
        except NotNowError as error:
            met, clause = True, str(error)
        except httpx2.TransportError as error:
            clause = explained(error, host)
            met = met or reached() > best or not is_unreachable(error)
        failures = 0 if reached() > best else failures + 1
        best = max(best, reached())
        if not met:
            raise TransferError(clause, "check the network and the proxy")
        if failures > len(PAUSES):
            raise TransferError(clause)
        _pause(PAUSES[max(failures - 1, 0)], tick)


def _pause(seconds: float, tick: Callable[[], None]) -> None:
    ends = time.monotonic() + seconds
    while True:
        tick()
        left = ends - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, TICK))
