"""Projected gradient descent in L2 against other libraries: one process, one torch.

    pip install -r benchmarks/requirements.txt && pip install --no-deps torchattacks==3.5.1
    python -m benchmarks.pgd

Run both in an environment of its own: what torchattacks asks for clashes with the others. It
writes its section of benchmarks/RESULTS.md; on two cores it takes about a quarter of an hour.

20 steps, targeted. "Search" is the attack alone; "whole" is from the call until the success of
the pictures returned has been checked in full precision by the unmodified network. The peers
get parameters that are frozen and no random start; each attacks the network as torchvision lays
it out, and once more in channels_last, which none of them sees to by itself.
"""

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

from advviz.attacks.pgd import PGDParams, pgd
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import Call, Respondent
from advviz.threat_models import L2Ball
from benchmarks import report
from benchmarks.networks import Case, random_resnet18, shipped
from benchmarks.peers import ATTACKS, PACKAGES, Attack, ChannelsLast, Task
from benchmarks.timing import interleaved, milliseconds, spread

STEPS = 20
TUTORIAL = (1.25, 0.5)  # eps and step size of the tutorial's first exercise, at 224 px
SMALL = (1.0, 2.5 * 1.0 / STEPS)  # advviz's own step rule, at 64 px
CASES: dict[str, Callable[[], Case]] = {
    "resnet18-224-5": lambda: random_resnet18(224, 5),
    "resnet18-224-1": lambda: random_resnet18(224, 1),
    "resnet18-64-16": lambda: random_resnet18(64, 16),
    "resnet18-64-1": lambda: random_resnet18(64, 1),
    "standard-64-16": lambda: shipped("tiny14-standard", 16),
    "standard-64-1": lambda: shipped("tiny14-standard", 1),
    "robust-64-16": lambda: shipped("tiny14-robust-l2", 16),
    "robust-64-1": lambda: shipped("tiny14-robust-l2", 1),
}
FAST, REFERENCE = "advviz fast", "advviz reference"
OURS = (FAST, REFERENCE)
TUNED = ", channels_last"


@dataclass(frozen=True)
class Timed:
    """One attack: its times, and the pictures that it returned."""

    search: float
    whole: float
    images: Tensor


def ours(task: Task, classifier: Respondent) -> Timed:
    """Attack by advviz; the search ends where the exact question is asked."""
    params = PGDParams(step_size=task.step_size, steps=task.steps, record="nothing")
    objective, threat = towards(task.targets), L2Ball(task.eps)
    started = time.perf_counter()
    search = 0.0
    procedure = pgd(task.pixels, objective, threat, params, noise=Noise(0))
    request = next(procedure)
    while True:
        if isinstance(request, Call):
            raise TypeError("an attack asks nothing but queries")
        if request.exact:
            search = time.perf_counter() - started
        try:
            request = procedure.send(classifier.answer(request))
        except StopIteration as finished:
            return Timed(search, time.perf_counter() - started, finished.value.images)


def theirs(task: Task, attack: Attack) -> Timed:
    """Attack by a peer, and check its pictures."""
    started = time.perf_counter()
    images = attack().detach()
    search = time.perf_counter() - started
    with torch.no_grad():
        success = task.module(images).argmax(1) == task.targets
    success.tolist()
    return Timed(search, time.perf_counter() - started, images)


def layouts(task: Task, name: str) -> dict[str, tuple[Task, Attack]]:
    """Give a peer the network as torchvision lays it out, and in channels_last."""
    module = copy.deepcopy(task.module).to(memory_format=torch.contiguous_format)
    modules = {name: module, f"{name}{TUNED}": ChannelsLast(copy.deepcopy(module))}
    tasks = {words: replace(task, module=laid_out.eval()) for words, laid_out in modules.items()}
    return {words: (given, ATTACKS[name](given)) for words, given in tasks.items()}


def measure(case: Case, repeats: int) -> list[str]:
    """Let everybody attack one network; return Markdown."""
    eps, step_size = TUTORIAL if case.pixels.shape[-1] == 224 else SMALL
    task = Task(case.module, case.pixels, case.targets, eps, step_size, STEPS)
    fast = case.fast()
    notes = {FAST: fast.numerics, REFERENCE: "fp32, channels_last"}
    contestants: dict[str, Callable[[], Timed]] = {
        FAST: lambda: ours(task, fast),
        REFERENCE: lambda: ours(task, Classifier(case.module)),
    }
    missing = []
    for name in ATTACKS:
        try:
            laid_out = layouts(task, name)
        except ImportError as error:
            missing.append(f"{name} is missing: {error}")
            continue
        for words, (given, attack) in laid_out.items():
            notes[words] = "fp32"
            contestants[words] = lambda t=given, a=attack: theirs(t, a)  # type: ignore[misc]
    found = interleaved(contestants, repeats)
    words = f"L2 eps {eps:g}, step {step_size:g}, {STEPS} steps, medians of {repeats}."
    return [f"### {case.title}", "", words, "", *laid_out_table(case, found, notes), "", *missing]


def laid_out_table(case: Case, found: dict[str, list[Timed]], notes: dict[str, str]) -> list[str]:
    """Lay the times out, what the pictures are worth, and by how much who is faster."""
    head = ["who", "in", "search, ms", "whole, ms", "search, × fast", "whole, × fast"]
    head += ["objective", "reached", "margin"] if case.trained else ["objective"]
    rows = []
    for name, runs in found.items():
        search, whole = [run.search for run in runs], [run.whole for run in runs]
        row = [name, notes[name], milliseconds(search), milliseconds(whole)]
        row += [f"{median(search) / median(run.search for run in found[FAST]):.2f}"]
        row += [f"{median(whole) / median(run.whole for run in found[FAST]):.2f}"]
        rows.append(row + worth(case, runs[-1].images))
    return [*report.table(head, rows), "", *summary(found)]


def worth(case: Case, images: Tensor) -> list[str]:
    """Say what the unmodified network in full precision makes of adversarial pictures."""
    with torch.no_grad():
        logits = case.module(images.contiguous())
    objective = -functional.cross_entropy(logits, case.targets)
    if not case.trained:
        return [f"{float(objective):.4f}"]
    margins = towards(case.targets).margins(logits)
    reached = f"{int((margins > 0).sum())} of {len(margins)}"
    return [f"{float(objective):.3g}", reached, f"{float(margins.median()):.2f}"]


def summary(found: dict[str, list[Timed]]) -> list[str]:
    """Say by how much advviz is faster than the fastest peer."""
    every = [name for name in found if name not in OURS]
    if not every:
        return ["No peer is installed."]
    groups = {
        "as the network comes": [name for name in every if not name.endswith(TUNED)],
        "in either layout": every,
    }
    lines = []
    for part in ("search", "whole"):
        times = {name: [getattr(run, part) for run in runs] for name, runs in found.items()}
        for words, peers in groups.items():
            fastest = min(peers, key=lambda name, times=times: median(times[name]))
            gains = ", ".join(f"{name} {spread(times[fastest], times[name])}" for name in OURS)
            lines.append(
                f"- {part}, fastest peer {words} ({fastest}) over advviz (range of rounds): {gains}"
            )
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", action="append", choices=list(CASES), help="repeatable")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args(arguments)
    lines = []
    for name in args.case or CASES:
        lines += [*measure(CASES[name](), args.repeats), ""]
    report.write("pgd", "PGD in L2 against other libraries", lines, PACKAGES, dry=args.dry)


if __name__ == "__main__":
    main()
