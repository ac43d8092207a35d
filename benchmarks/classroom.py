"""A class for `benchmarks.load`: its size, its jobs, and its members."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from advviz.data import gallery
from advviz.experiments.links import to_link
from advviz.experiments.specs import AttackSpec
from advviz.models.records import pair
from benchmarks.recorded_app import Served
from benchmarks.websocket_client import Client, Run

MODELS = tuple(model.id for model in pair())
PICTURES = tuple(f"sample:{sample.id}" for sample in gallery.samples())
UNTIL_LONG = 4.0  # seconds: after two of work the engine takes a job for a long one


@dataclass(frozen=True)
class Size:
    """How large the class and its jobs are."""

    clients: int
    different: int
    rounds: int
    steps: int  # of a short job
    starts: int  # of the long job, 1000 steps each


def short(number: int, steps: int, *, seed: int) -> AttackSpec:
    """One of many different experiments that take the same time."""
    return AttackSpec(
        model=MODELS[number % len(MODELS)],
        image=PICTURES[number % len(PICTURES)],
        steps=steps,
        seed=seed + number,
    )


@asynccontextmanager
async def long_job(server: Served, size: Size, seed: int) -> AsyncIterator[None]:
    """Keep a long job running, watched by a client.

    Raises:
        RuntimeError: it ended by itself, so that what was measured meanwhile means nothing.
    """
    spec = AttackSpec(
        model=MODELS[0], image=PICTURES[0], steps=1000, restarts=size.starts, seed=seed
    )
    async with Client(server.url) as client:
        watching = asyncio.create_task(client.open("attack", to_link(spec)))
        await until(server, "begun", to_link(spec))
        await asyncio.sleep(UNTIL_LONG)
        yield
        await let_go(watching)
        if server.events("returned", to_link(spec)):
            raise RuntimeError("the long job ended too early; give a larger --long")
    await until(server, "cancelled", to_link(spec))


async def until(server: Served, what: str, of: str) -> float:
    """Wait for an event; return when it happened."""
    while not (found := server.events(what, of)):
        await asyncio.sleep(0.05)
    return float(found[-1]["at"])


async def let_go(task: asyncio.Task[Run]) -> None:
    """Stop reading, so that somebody else may."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def together(waits: Sequence[Awaitable[Run]]) -> list[float]:
    """Have all begin at once; return the seconds that each waited, the shortest first."""
    return sorted(run.seconds for run in await asyncio.gather(*waits))


async def visitors(stack: AsyncExitStack, server: Served, count: int) -> list[Client]:
    """Connect some clients."""
    clients = [Client(server.url) for _ in range(count)]
    return [await stack.enter_async_context(client) for client in clients]
