"""One server and a class: sixty websocket clients while a long job runs.

    python -m benchmarks.load

Serves the app in a process of its own (`benchmarks.recorded_app`), with an empty cache, and
visits it with clients that behave like browsers. Every figure is a client's: from its message
until the page's script has finished; computations are counted by the server's record.
"""

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from advviz.experiments.links import to_link
from advviz.experiments.specs import AttackSpec
from benchmarks import report
from benchmarks.classroom import (
    MODELS,
    PICTURES,
    Size,
    let_go,
    long_job,
    short,
    together,
    until,
    visitors,
)
from benchmarks.recorded_app import Served, free_port, served
from benchmarks.websocket_client import Client, Run

STOPS = (2, 3)  # of the strength: two neighbours whose results are known
PACE = 5.0  # seconds between two clicks of one student, on average


@dataclass(frozen=True)
class Found:
    """One line of the table."""

    what: str
    wanted: str
    got: str
    met: bool | None  # None where nothing was promised


# --- what is shown ------------------------------------------------------------


async def known_results(server: Served, size: Size) -> list[Found]:
    """Compare, moved between two strengths whose results are in the cache."""
    async with AsyncExitStack() as stack:
        clients = await visitors(stack, server, size.clients)
        await clients[0].open("compare")
        for stop in STOPS:
            await clients[0].rerun(clients[0].slid("Strength", stop))
        await together([client.open("compare") for client in clients])

        async def clicks(client: Client, seed: int) -> list[Run]:
            chance, runs = random.Random(seed), []
            for number in range(size.rounds):
                await asyncio.sleep(chance.uniform(0, 2 * PACE))
                runs.append(await client.rerun(client.slid("Strength", STOPS[number % 2])))
            return runs

        before = len(server.events("begun"))
        async with long_job(server, size, 1):
            each = await asyncio.gather(*(clicks(c, i) for i, c in enumerate(clients)))
            spread = sorted(run.seconds for runs in each for run in runs)
            burst = []
            for number in range(size.rounds):
                stop = STOPS[number % 2]
                burst += await together([c.rerun(c.slid("Strength", stop)) for c in clients])
        computed = len(server.events("begun")) - before - 1
    who = f"{size.clients} clients rerun a page of known results"
    return [
        percentiles(f"{who}, a click each {PACE:g} s", spread, 0.5),
        percentiles(f"{who}, all in the same instant", burst, 0.5),
        Found("computations meanwhile, beside the long job", "0", str(computed), computed == 0),
    ]


def percentiles(what: str, seconds: Sequence[float], wanted: float) -> Found:
    """Describe waits by their median and 95th percentile."""
    cuts = quantiles(seconds, n=20, method="inclusive")
    got = f"p50 {1000 * cuts[9]:.0f} ms, p95 {1000 * cuts[18]:.0f} ms, n = {len(seconds)}"
    return Found(what, f"p95 < {1000 * wanted:.0f} ms", got, cuts[18] < wanted)


async def identical(server: Served, size: Size) -> list[Found]:
    """All ask for one result that nobody knows yet."""
    link = to_link(short(0, size.steps, seed=10_000))
    async with AsyncExitStack() as stack:
        clients = await visitors(stack, server, size.clients)
        async with long_job(server, size, 2):
            waits = await together([client.open("attack", link) for client in clients])
    runs = len(server.events("begun", link))
    what = f"{size.clients} identical requests"
    return [
        Found(f"{what}: computations", "1", str(runs), runs == 1),
        Found(f"{what}: last finish", "", f"{waits[-1]:.2f} s", None),
    ]


async def different(server: Served, size: Size) -> list[Found]:
    """Each asks for another result: alone and one after the other, then all at once."""
    alone, count = 0.0, size.different
    async with Client(server.url) as client:
        for number in range(count):
            run = await client.open("attack", to_link(short(number, size.steps, seed=20_000)))
            alone += run.seconds
    links = [to_link(short(number, size.steps, seed=30_000)) for number in range(count)]
    async with AsyncExitStack() as stack:
        clients = await visitors(stack, server, count)
        async with long_job(server, size, 3):
            opened = [
                client.open("attack", link) for client, link in zip(clients, links, strict=True)
            ]
            waits = await together(opened)
    last, middle = waits[-1] / alone, median(waits) / waits[-1]
    what = f"{count} different requests of about {alone / count:.2f} s"
    return [
        Found(f"{what}: last finish / sum of solo times", "<= 1.1", f"{last:.2f}", last <= 1.1),
        Found(f"{what}: median finish / last", "<= 0.6", f"{middle:.2f}", middle <= 0.6),
    ]


async def short_in_long(server: Served, size: Size) -> list[Found]:
    """A short job, sent in during a long one."""
    waits, alone = [], []
    async with Client(server.url) as client:
        for number in range(size.rounds):
            run = await client.open("attack", to_link(short(number, size.steps, seed=40_000)))
            alone.append(run.seconds)
        async with long_job(server, size, 4):
            for number in range(size.rounds):
                run = await client.open("attack", to_link(short(number, size.steps, seed=50_000)))
                waits.append(run.seconds)
    what = f"a job of {median(alone):.2f} s during a long one, slowest of {size.rounds}"
    return [Found(what, "<= 3 s", f"{max(waits):.2f} s", max(waits) <= 3)]


async def moved_slider(server: Served, size: Size) -> list[Found]:
    """The strength is moved while its job runs: the job is cancelled."""
    delays, steps = [], []
    spec = AttackSpec(model=MODELS[0], image=PICTURES[0], steps=1000, restarts=size.starts)
    for number in range(size.rounds):
        link = to_link(replace(spec, seed=60_000 + number))
        async with Client(server.url) as client, long_job(server, size, 5 + number):
            watching = asyncio.create_task(client.open("attack", link))
            await until(server, "begun", link)
            await asyncio.sleep(random.Random(number).uniform(0.5, 1.5))
            await let_go(watching)
            run = await client.ask(client.slid("Strength", STOPS[0]))
            reading = asyncio.create_task(client.read(run))
            delays.append(await until(server, "cancelled", link) - run.sent)
            steps.append(server.events("closed", link)[0]["step"])
            await let_go(reading)
    worst = max(delay - step for delay, step in zip(delays, steps, strict=True))
    got = f"one step + {worst:.2f} s (steps of {1000 * median(steps):.0f} ms, n = {len(delays)})"
    what = "a moved slider: from the widget's message to the old job's `cancelled`"
    return [Found(what, "<= one step + 0.5 s", got, worst <= 0.5)]


# --- the command --------------------------------------------------------------


async def step_seconds(server: Served) -> float:
    """Measure a step of the short job, once everything is loaded."""
    async with Client(server.url) as client:
        for number in range(2):
            link = to_link(short(0, 100, seed=number))
            await client.open("attack", link)
    return float(server.events("returned", link)[0]["step"])


async def measure(server: Served, args: argparse.Namespace) -> list[str]:
    """Visit the server in every way; return the table."""
    step = await step_seconds(server)
    size = Size(
        clients=args.clients,
        different=args.different,
        rounds=args.rounds,
        steps=min(max(round(args.short / step), 1), 1000),
        starts=min(max(round(args.long / step / 1000), 2), 50),
    )
    lines = []
    for scenario in (known_results, identical, different, short_in_long, moved_slider):
        for line in await scenario(server, size):
            print(f"{MET[line.met] or '–':6} {line.what}: {line.got}", flush=True)
            lines.append(line)
    jobs = f"Short jobs: {size.steps} steps; the long one: {size.starts} starts of 1000 steps"
    return [
        *report.table(
            ("", "wanted", "measured", ""),
            [(line.what, line.wanted, line.got, MET[line.met]) for line in lines],
        ),
        "",
        f"{jobs}, another client's, which runs whenever nothing shorter waits. "
        f"A step takes {1000 * step:.1f} ms alone. Server and clients share the machine.",
    ]


MET = {True: "met", False: "MISSED", None: ""}


def main() -> None:
    """Serve, visit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=60, help="in the class")
    parser.add_argument("--different", type=int, default=30, help="requests that differ")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions")
    parser.add_argument("--short", type=float, default=1.0, help="seconds of a short job")
    parser.add_argument("--long", type=float, default=60.0, help="seconds of the long job")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        environment = os.environ | {"ADVVIZ_CACHE": f"{name}/cache"}
        with served(Path(name), free_port(), environment) as server:
            lines = asyncio.run(measure(server, args))
    title = "A class on one server, while a long job runs"
    report.write("load", title, lines, ("streamlit", "websockets"), dry=args.dry)


if __name__ == "__main__":
    main()
