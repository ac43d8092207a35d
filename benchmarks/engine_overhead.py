"""What the engine costs: the same gradient steps in it, in `run`, and in a bare loop.

    python -m benchmarks.engine_overhead

An attack on one 64 px image by a shipped model, through a fresh engine that finds nothing
known, with a live watcher: a thread that follows the view as the pages do. Against it, in
turn: the same procedure by `run`, and nothing but the queries. All three use one classifier.
"""

import argparse
import cProfile
import io
import pstats
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from threading import Thread
from typing import Any

import torch

from advviz.attacks.pgd import PGDParams, pgd
from advviz.compute import Engine, State, View
from advviz.compute.store import ModelStore
from advviz.compute.worker import Worker
from advviz.data import images
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import Query, Respondent, run
from advviz.threat_models import L2Ball
from benchmarks import report
from benchmarks.timing import interleaved, milliseconds, seconds, spread

MODEL, IMAGE, TARGET = "tiny14-standard", "sample:chelsea", "goldfish"
ENGINE, RUN, LOOP = "engine, watched", "run", "bare queries"
PROMISED = 1.05


@dataclass(frozen=True)
class Same:
    """The work that all three do.

    Args:
        spec: of the attack.
        store: holds the model.
        classifier: who answers, the store's own.
    """

    spec: AttackSpec
    store: ModelStore
    classifier: Respondent

    def through_engine(self) -> None:
        """Submit, watch, and wait for the result."""
        engine = Engine(store=self.store, use_shipped=False, disk=None)
        try:
            with engine.watch("benchmark", [self.spec]) as view:
                watcher = Thread(target=follow, args=(view,))
                watcher.start()
                watcher.join()
                (job,) = view.jobs
        finally:
            engine.close()
        if job.state is not State.DONE:
            raise RuntimeError(f"the attack ended as {job.state.value}: {job.error}")

    def by_run(self) -> None:
        """Drive the procedure to its end."""
        run(self._procedure(), self.classifier)

    def bare(self) -> None:
        """Ask as many questions, and do nothing with the answers."""
        images, objective = self._images(), self._objective()
        for _ in range(self.spec.steps):
            self.classifier.answer(Query(images, objective))
        self.classifier.answer(Query(images, objective, gradient=False))
        self.classifier.answer(Query(torch.cat([images] * 3), gradient=False, exact=True))

    def _images(self) -> torch.Tensor:
        pixels = images.load(self.spec.image, record(self.spec.model).input_size).pixels
        return torch.from_numpy(pixels.copy())[None]

    def _objective(self) -> Any:
        index = record(self.spec.model).class_index(self.spec.target)
        return towards(torch.tensor([index]), self.spec.loss)

    def _procedure(self) -> Any:
        params = PGDParams(
            step_size=self.spec.resolved_step_size, steps=self.spec.steps, record="pictures"
        )
        threat = L2Ball(self.spec.eps)
        return pgd(self._images(), self._objective(), threat, params, noise=Noise(self.spec.seed))


def follow(view: View) -> None:
    """Follow a view as a page does: look at every job whenever there may be news."""
    for _ in view.updates():
        for job in view.jobs:
            _ = (job.state, job.progress, job.preview)


def profiled(same: Same) -> list[str]:
    """List where the worker thread's time goes, by what it calls itself."""
    profile = cProfile.Profile()
    work = Worker.run

    def watched(worker: Worker) -> None:
        profile.runcall(work, worker)

    Worker.run = watched  # type: ignore[method-assign]
    try:
        same.through_engine()
    finally:
        Worker.run = work  # type: ignore[method-assign]
    words = io.StringIO()
    pstats.Stats(profile, stream=words).sort_stats("cumulative").print_stats(45)
    return words.getvalue().splitlines()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--profile", action="store_true", help="print a profile, measure nothing")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args(arguments)
    # The engine computes in a thread of its own. Were the loops beside it to run on several
    # threads of the same process, two pools would share the cores, and the second be throttled.
    torch.set_num_threads(1)
    store = ModelStore()
    store.prepare()
    head = ["numerics", *(f"{name}, ms" for name in (ENGINE, RUN, LOOP))]
    head += ["engine over run (range of rounds)", "engine over bare queries"]
    rows = []
    met = []
    for numerics in ("fast", "reference"):
        spec = AttackSpec(
            model=MODEL, image=IMAGE, target=TARGET, steps=args.steps, numerics=numerics
        )
        same = Same(spec, store, store.classifier(MODEL, numerics))
        if args.profile:
            print("\n".join(profiled(same)))
            continue
        contestants: dict[str, Callable[[], float]] = {
            ENGINE: lambda s=same: seconds(s.through_engine),  # type: ignore[misc]
            RUN: lambda s=same: seconds(s.by_run),  # type: ignore[misc]
            LOOP: lambda s=same: seconds(s.bare),  # type: ignore[misc]
        }
        found = interleaved(contestants, args.repeats)
        times = [milliseconds(found[name]) for name in (ENGINE, RUN, LOOP)]
        gains = [spread(found[ENGINE], found[name]) for name in (RUN, LOOP)]
        rows.append([numerics, *times, *gains])
        met.append(median(found[ENGINE]) <= PROMISED * median(found[RUN]))
    if args.profile:
        return
    lines = [
        f"{MODEL}, batch 1, {args.steps} steps of PGD, medians of {args.repeats}. The engine "
        "starts and stops its thread each time.",
        "",
        *report.table(head, rows),
        "",
        f"- engine at most {PROMISED - 1:.0%} over the same steps: {'yes' if all(met) else 'no'}",
    ]
    report.write("engine_overhead", "The engine's overhead", lines, dry=args.dry)


if __name__ == "__main__":
    main()
