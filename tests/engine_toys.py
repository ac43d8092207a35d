"""What the tests of an engine are made of: experiments that the test steps, a store, a factory.

An engine is tested through `submit`, `watch`, `stop`, `peek`, `run`, `open_jobs` and `close`
alone. Another implementation in the same process is held to the same tests by

    ADVVIZ_ENGINE=module:factory python -m pytest tests/test_engine*.py

where `factory(store, cache_bytes=...)` makes an engine that asks the given store for answers,
knows no result yet, and keeps results in so many bytes of memory, or without the word in
enough. What this engine's insides promise is in the files that make their engine themselves,
such as `test_engine_worker.py`: they test this one whatever is chosen.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from advviz.compute import Engine
from advviz.errors import WeightsError
from advviz.experiments.result import Result
from advviz.models.records import pair
from advviz.protocol import Call, Progress, Query

MODEL, BROKEN = (described.id for described in pair())
PATIENCE = 60.0  # seconds: not a limit on the engine's speed, only on the test's waiting
CHOICE = "ADVVIZ_ENGINE"

Body = Callable[[Sequence[Result]], Generator[Any, Any, Result]]
names = itertools.count()


def this_engine(store: Any, **words: Any) -> Engine:
    """Make advviz's own engine, which knows no result yet."""
    return Engine(store, use_shipped=False, **words)


def chosen_engine() -> Callable[..., Any]:
    """Return the factory that ADVVIZ_ENGINE names, or that of advviz's own engine."""
    module, _, factory = os.environ.get(CHOICE, "").partition(":")
    return getattr(import_module(module), factory) if module else this_engine


@contextmanager
def engines(factory: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Make engines that end with the test."""
    with ExitStack() as made:

        def make(store: Any = None, **words: Any) -> Any:
            one = factory(store or Store(), **words)
            made.callback(one.close)
            return one

        yield make


@dataclass(frozen=True)
class Toy:
    """A spec whose procedure the test writes."""

    version: ClassVar[int] = 1
    name: str
    body: Body = field(compare=False)
    needs: tuple[Any, ...] = ()
    kind: str = "toy"
    model: str = MODEL
    numerics: str = "reference"

    def prerequisites(self) -> tuple[Any, ...]:
        """List what it starts from."""
        return self.needs

    def resolved(self) -> dict[str, Any]:
        """Return what the key holds."""
        return {"name": self.name}

    def procedure(
        self, results: Sequence[Result], _device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin."""
        return self.body(results)


def result(value: float = 0.0, size: int = 1) -> Result:
    """Make a result of `size` float64 numbers."""
    return Result.of({"x": np.full(size, value)}, {"value": value})


class Held:
    """A procedure of some steps, each of which waits until it is let go."""

    def __init__(self, steps: int = 1, **words: Any) -> None:
        self.name = f"held-{next(names)}"
        self.runs = self.done = 0
        self.closed_in: str | None = None  # the thread in which the procedure ended
        self.inside = threading.Event()
        self._go = threading.Semaphore(0)
        self._steps = steps
        self.spec = Toy(self.name, self._body, **words)

    def _body(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        self.runs += 1
        try:
            for step in range(self._steps):
                yield Call(self._wait, Progress("holding", step, self._steps))
                self.done += 1
            return result(sum(float(r.arrays["x"][0]) for r in results) + 1)
        finally:
            self.closed_in = threading.current_thread().name

    def _wait(self, _module: Any) -> None:
        self.inside.set()
        assert self._go.acquire(timeout=PATIENCE), "the test never let go"

    def let(self, steps: int = 1) -> None:
        """Let it make some steps."""
        self._go.release(steps)

    def let_all(self) -> None:
        """Hold it no longer."""
        self._go.release(1000)


def quick(log: list[str] | None = None, value: float = 1.0, **words: Any) -> Toy:
    """Make a spec of three steps that writes its name down when it begins."""
    name = f"quick-{next(names)}"

    def body(results: Sequence[Result]) -> Generator[Any, Any, Result]:
        if log is not None:
            log.append(name)
        for _ in range(3):
            yield Call(lambda _module: None)
        return result(value + sum(r.facts["value"] for r in results))

    return Toy(name, body, **words)


def failing(error: BaseException, steps: int = 1, **words: Any) -> Toy:
    """Make a spec that fails after some steps."""

    def body(_results: Sequence[Result]) -> Generator[Any, Any, Result]:
        for _ in range(steps):
            yield Call(lambda _: None)
        raise error

    return Toy(f"failing-{next(names)}", body, **words)


class Store:
    """Answers a call by running it, and a query by the network it was given."""

    merges, device = False, "cpu"

    def __init__(self, network: Any = None) -> None:
        self.network = network

    def prepare(self) -> None:
        """Nothing to load."""

    def respond(self, model: str, request: Any, *_: Any) -> Any:
        """Answer; one model cannot be loaded."""
        if model == BROKEN:
            raise WeightsError("the weights are damaged; reinstall advviz")
        return (
            self.network.answer(request) if isinstance(request, Query) else request.function(None)
        )

    def numerics(self, *_: Any) -> str:
        """Everything is exact."""
        return "reference"


def blocked_queue(one: Any) -> Held:
    """Hold the worker, so that what is submitted next is all there when it looks."""
    held = Held()
    one.submit(held.spec, "blocker")
    assert held.inside.wait(PATIENCE)
    return held


def until(condition: Callable[[], Any]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


def ended(*jobs: Any) -> None:
    """Wait for jobs to end."""
    until(lambda: all(job.state.is_final for job in jobs))
