"""A small class on the real server: who shares, who waits, who is stopped. No times.

The server runs in a process of its own and writes down what its engine computes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from advviz.experiments.links import to_link
from advviz.experiments.specs import AttackSpec
from advviz.models.records import bundled
from benchmarks.recorded_app import Served, free_port, served
from benchmarks.websocket_client import Client

pytestmark = pytest.mark.slow
STANDARD = next(iter(bundled()))
WAITING = 'class="av-waiting'  # of a place whose picture is not there yet
PATIENCE = 550.0  # seconds: not a limit on the server's speed, only on the test's waiting
CLASS = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the app once, with a cache of its own."""
    folder = tmp_path_factory.mktemp("load")
    cache = {"ADVVIZ_CACHE": str(folder / "cache")}
    environment = os.environ | cache | {"RECORDED_APP_GRACE": "4"}  # a busy machine stalls
    with served(folder, free_port(), environment) as one:
        yield one


def attack(seed: int, **words: Any) -> AttackSpec:
    return AttackSpec(model=STANDARD, image="sample:chelsea", target="goldfish", seed=seed, **words)


def within(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), PATIENCE))


async def until(condition: Callable[[], Any]) -> Any:
    while not (found := condition()):
        await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def visitors(server: Served, count: int) -> AsyncIterator[list[Client]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Client(server.url)) for _ in range(count)]


async def let_go(task: asyncio.Task[Any]) -> None:
    """Stop reading, so that somebody else may."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def long_job(server: Served, seed: int) -> AsyncIterator[str]:
    """Keep a job running that outlives the test, watched by somebody else."""
    link = to_link(attack(seed, steps=1000, restarts=50))
    async with Client(server.url) as client:
        watching = asyncio.create_task(client.open("attack", link))
        await until(lambda: server.events("begun", link))
        yield link
        await let_go(watching)
        assert not server.events("returned", link)
    await until(lambda: server.events("cancelled", link))


def test_the_same_request_of_many_is_computed_once(server: Served):
    link = to_link(attack(1))

    async def story() -> None:
        async with visitors(server, CLASS) as clients, long_job(server, 100):
            await asyncio.gather(*(client.open("attack", link) for client in clients))
            for client in clients:
                assert "goldfish" in client.html
                assert WAITING not in client.html

    within(story)
    assert len(server.events("begun", link)) == len(server.events("returned", link)) == 1


def test_different_requests_all_finish_first_come_first_served(server: Served):
    """And before the long job that came first."""
    links = [to_link(attack(seed)) for seed in range(10, 10 + CLASS)]

    async def story() -> None:
        async with visitors(server, CLASS) as clients, long_job(server, 101):
            opened = []
            for client, link in zip(clients, links, strict=True):
                opened.append(asyncio.create_task(client.open("attack", link)))
            await asyncio.gather(*opened)

    within(story)
    assert [len(server.events("done", link)) for link in links] == [1] * CLASS
    begun = [event["of"] for event in server.events("begun") if event["of"] in links]
    done = [event["of"] for event in server.events("done") if event["of"] in links]
    assert done == begun


def test_a_moved_slider_stops_the_old_job_and_shows_the_new_one(server: Served):
    link = to_link(attack(30, steps=1000, restarts=50))

    async def story() -> None:
        async with Client(server.url) as client:
            watching = asyncio.create_task(client.open("attack", link))
            await until(lambda: server.events("begun", link))
            await until(lambda: WAITING in client.html)
            await let_go(watching)
            run = await client.ask(client.slid("Strength", 0))
            reading = asyncio.create_task(client.read(run))
            await until(lambda: server.events("cancelled", link))
            moved = link.replace("eps=1.0", "eps=0.0")
            await until(lambda: server.events("begun", moved))
            assert not reading.done()
            await let_go(reading)

    within(story)
    assert server.events("closed", link)
    assert not server.events("returned", link)


def test_a_setting_of_the_view_leaves_the_job_alone(server: Served):
    """Another run of the page finds the job that it was watching."""
    link = to_link(attack(40, steps=300))

    async def story() -> None:
        async with Client(server.url) as client:
            watching = asyncio.create_task(client.open("attack", link))
            await until(lambda: server.events("begun", link))
            await until(lambda: WAITING in client.html)
            await let_go(watching)
            await client.rerun()

    within(story)
    assert len(server.events("begun", link)) == len(server.events("done", link)) == 1
    assert not server.events("cancelled", link)


def test_who_leaves_takes_the_job_along_unless_another_watches(server: Served):
    alone, shared = to_link(attack(50, steps=1000, restarts=50)), to_link(attack(51, steps=300))

    async def story() -> None:
        async with Client(server.url) as stays:
            async with visitors(server, 2) as (one, two):
                opened = [
                    asyncio.create_task(client.open("attack", link))
                    for client, link in ((one, shared), (stays, shared), (two, alone))
                ]
                await until(lambda: server.events("begun", shared))
                await until(lambda: server.events("begun", alone))
                for gone in (opened[0], opened[2]):
                    await let_go(gone)
            await until(lambda: server.events("cancelled", alone))
            await opened[1]

    within(story)
    assert len(server.events("begun", shared)) == len(server.events("done", shared)) == 1
    assert server.events("closed", alone)
    assert not server.events("cancelled", shared)


def test_known_results_are_not_computed_again(server: Served):
    link = to_link(attack(60))

    async def story() -> None:
        async with visitors(server, CLASS) as clients:
            await clients[0].open("attack", link)
            before = len(server.events("begun"))
            await asyncio.gather(*(client.open("attack", link) for client in clients))
            await asyncio.gather(*(client.rerun() for client in clients))
            assert len(server.events("begun")) == before

    within(story)
    assert len(server.events("begun", link)) == 1
