"""Code that insists on calling a model, as a procedure that yields queries.

Other people's attacks call a function and wait for its value, where a procedure yields. They
run in a thread of their own, which is only ever awake while the procedure waits for it: the
two take turns, so nothing happens at the same time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import torch
from torch import Tensor

from advviz.errors import CancelledError
from advviz.protocol import Answer, Procedure, Query

T = TypeVar("T")
Ask = Callable[[Query], Answer]
"""Ask a question, and wait for its answer."""


def in_helper_thread(work: Callable[[Ask], T], seed: int) -> Procedure[T]:
    """Run `work(ask)`, and yield what it asks.

    When the procedure is closed, the question that `work` waits for is answered by a
    CancelledError, which ends it. Global random numbers that it draws come from a state of its
    own; that of the process is as before at every yield.

    Args:
        work: asks questions, and returns a result.
        seed: of the random numbers that it draws.

    Raises:
        Exception: whatever `work` raises.
    """
    requests: SimpleQueue[Any] = SimpleQueue()
    replies: SimpleQueue[Any] = SimpleQueue()
    numbers = _OwnNumbers(seed)

    def ask(query: Query) -> Answer:
        requests.put(query)
        reply = replies.get()
        if isinstance(reply, BaseException):
            raise reply
        answer: Answer = reply
        return answer

    def main() -> None:
        try:
            requests.put(_Finished(work(ask), None))
        except BaseException as error:  # goes on in the other thread
            requests.put(_Finished(None, error))

    thread = Thread(target=main, name="foreign attack", daemon=True)
    with numbers.in_force():
        thread.start()
        request = requests.get()
    try:
        while isinstance(request, Query):
            reply = yield request
            with numbers.in_force():
                replies.put(reply)
                request = requests.get()
    finally:
        replies.put(CancelledError("the attack was stopped"))
        thread.join()
    if request.error is not None:
        raise request.error
    result: T = request.result
    return result


class _Finished:
    """What a thread leaves: a result or an error."""

    def __init__(self, result: Any, error: BaseException | None) -> None:
        self.result, self.error = result, error


class _OwnNumbers:
    """A state of torch's global generator that is in force only in turns."""

    def __init__(self, seed: int) -> None:
        self._state: Tensor = torch.Generator().manual_seed(seed).get_state()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Put the state in the place of the process's own, and take it away again."""
        before = torch.get_rng_state()
        torch.set_rng_state(self._state)
        try:
            yield
        finally:
            self._state = torch.get_rng_state()
            torch.set_rng_state(before)
