"""Attribution maps that are procedures against Captum at its best setting: time and memory.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.attributions

ResNet-18 with random weights, 224 px, batch 1, the logit of a class. Each method of Captum is
timed at several internal batch sizes, in both memory formats, and the best of each format takes
part. That both do the same work is checked by their maps. Memory is the highest resident set
above that of the loaded network, each map in a process of its own.
"""

import argparse
import copy
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from captum.attr import GradientShap, IntegratedGradients, NoiseTunnel, Occlusion, Saliency
from torch import Tensor, nn
from torch.nn import functional

from advviz.explain import parameters
from advviz.explain.catalogue import explainers
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.protocol import Respondent, run
from benchmarks import report
from benchmarks.networks import Case, pictures, random_resnet18
from benchmarks.peers import ChannelsLast
from benchmarks.timing import interleaved, milliseconds, seconds, spread

SIZE, SAMPLES, TRIED, SIGMA, REFERENCES = 224, 100, 16, 0.15, 16
WINDOW, STRIDE = 32, 16
CHUNKS = (1, 2, 4, 8, 16)
FAST, REFERENCE = "advviz fast", "advviz reference"
LIMIT = 2**30
"""Bytes above the network that a map may take."""
Maker = Callable[[Case, nn.Module, int, int], Tensor]


@dataclass(frozen=True)
class Contest:
    """A method of both libraries.

    Args:
        title: in words, with what it is told.
        ours: name in the catalogue, and its parameters, given how many samples.
        theirs: makes the map by Captum, given a case, a module, samples and rows a pass.
        peer: what it is called there.
        same: the maps are to agree number by number; else chance makes them differ.
    """

    title: str
    ours: tuple[str, Callable[[int], Any]]
    theirs: Maker
    peer: str
    same: bool


def _noise_tunnel(case: Case, module: nn.Module, samples: int, rows: int) -> Tensor:
    return NoiseTunnel(Saliency(module)).attribute(  # type: ignore[no-any-return]
        case.pixels.clone(), nt_type="smoothgrad", nt_samples=samples,
        nt_samples_batch_size=rows, stdevs=SIGMA, target=3, abs=False,
    )  # fmt: skip


def _integrated(case: Case, module: nn.Module, samples: int, rows: int) -> Tensor:
    return IntegratedGradients(module).attribute(  # type: ignore[no-any-return]
        case.pixels.clone(), target=3, n_steps=samples, internal_batch_size=rows
    )


def _gradient_shap(case: Case, module: nn.Module, samples: int, rows: int) -> Tensor:
    """Average in parts: GradientShap itself asks for all samples in one pass."""
    sizes = [min(rows, samples - first) for first in range(0, samples, rows)]
    shap, baselines = GradientShap(module), pictures(REFERENCES, SIZE)
    found = [
        size * shap.attribute(case.pixels.clone(), baselines, n_samples=size, target=3)
        for size in sizes
    ]
    total: Tensor = torch.stack(found).sum(0)
    return total / samples


def _occlusion(case: Case, module: nn.Module, _samples: int, rows: int) -> Tensor:
    return Occlusion(module).attribute(  # type: ignore[no-any-return]
        case.pixels.clone(), (3, WINDOW, WINDOW), (3, STRIDE, STRIDE),
        baselines=torch.zeros_like(case.pixels), target=3, perturbations_per_eval=rows,
    )  # fmt: skip


CONTESTS = {
    "smoothgrad": Contest(
        f"SmoothGrad, {SAMPLES} samples",
        (
            "smoothgrad",
            lambda n: parameters.SmoothGrad(samples=n, sigma=SIGMA, sigma_unit="absolute"),
        ),
        _noise_tunnel,
        "NoiseTunnel",
        same=False,
    ),
    "integrated-gradients": Contest(
        f"Integrated gradients, {SAMPLES} points, Gauss-Legendre",
        ("integrated-gradients", lambda n: parameters.IntegratedGradients(steps=n)),
        _integrated,
        "IntegratedGradients",
        same=True,
    ),
    "expected-gradients": Contest(
        f"Expected Gradients, {SAMPLES} samples, {REFERENCES} references",
        ("expected-gradients", lambda n: parameters.ExpectedGradients(samples=n)),
        _gradient_shap,
        "GradientShap",
        same=False,
    ),
    "occlusion": Contest(
        f"Occlusion, windows of {WINDOW} pixels every {STRIDE}",
        ("occlusion", lambda _: parameters.Occlusion(window=WINDOW, stride=STRIDE)),
        _occlusion,
        "Occlusion",
        same=True,
    ),
}


def made(contest: Contest, case: Case, classifier: Respondent, samples: int = SAMPLES) -> Tensor:
    """Make a map by advviz."""
    name, params = contest.ours
    entry, words = explainers()[name], {}
    if entry.references:
        words["references"] = pictures(REFERENCES, SIZE)
    search = entry.make(case.pixels, Logit(case.targets), params(samples), noise=Noise(0), **words)
    return run(search, classifier).attributions


def best_rows(
    contest: Contest, case: Case
) -> Iterator[tuple[str, nn.Module, int, dict[int, float]]]:
    """Search Captum's best rows a pass in each memory format, on a few samples."""
    plain = copy.deepcopy(case.module).to(memory_format=torch.contiguous_format)
    modules = {"contiguous": plain, "channels_last": ChannelsLast(copy.deepcopy(plain)).eval()}
    for layout, module in modules.items():
        contest.theirs(case, module, 2, 2)

        def attempt(rows: int, module: nn.Module = module) -> float:
            return seconds(lambda: contest.theirs(case, module, TRIED, rows))

        tried = {rows: min(attempt(rows) for _ in range(2)) for rows in CHUNKS}
        yield layout, module, min(tried, key=lambda rows: tried[rows]), tried


def measured(contest: Contest, case: Case, repeats: int) -> list[str]:
    """Time one method of both libraries, in turn, and compare their maps."""
    fast, reference = case.fast(), Classifier(case.module)
    contestants: dict[str, Callable[[], float]] = {
        FAST: lambda: seconds(lambda: made(contest, case, fast)),
        REFERENCE: lambda: seconds(lambda: made(contest, case, reference)),
    }
    lines, best = [f"### {contest.title}", ""], []
    for layout, module, rows, tried in best_rows(contest, case):
        words = ", ".join(f"{size}: {1000 * took:.0f}" for size, took in tried.items())
        lines += [f"- Captum {layout}, ms at rows a pass ({TRIED} samples): {words}"]
        best.append((module, rows))
        contestants[f"Captum {contest.peer}, {layout}, {rows} rows a pass"] = (
            lambda m=module, r=rows: seconds(lambda: contest.theirs(case, m, SAMPLES, r))
        )
    found = interleaved(contestants, repeats)
    table = [
        [name, milliseconds(times), f"{median(times) / median(found[FAST]):.2f}"]
        for name, times in found.items()
    ]
    lines += ["", *report.table(["who", "ms", "× fast"], table), "", f"- fast: {fast.numerics}"]
    for name in list(found)[2:]:
        gains = ", ".join(f"{one} {spread(found[name], found[one])}" for one in (FAST, REFERENCE))
        lines += [f"- {name}, over advviz (range of rounds): {gains}"]
    return [*lines, *agreement(contest, case, reference, *best[0]), ""]


def agreement(
    contest: Contest, case: Case, reference: Respondent, module: nn.Module, rows: int
) -> list[str]:
    """Say how alike the two maps are, and where chance is at work, two of Captum's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        count = 1 if contest.same else 2
        theirs = [contest.theirs(case, module, SAMPLES, rows) for _ in range(count)]
    ours = made(contest, case, reference).expand_as(theirs[0])
    if contest.same:
        far = float((ours - theirs[0]).abs().max() / theirs[0].abs().max())
        return [f"- largest difference of the maps, of the largest value: {far:.1e}"]
    return [
        f"- cosine of two maps by Captum: {_cosine(*theirs):.3f}; of advviz and Captum: "
        f"{_cosine(ours, theirs[0]):.3f}"
    ]


def _cosine(one: Tensor, other: Tensor) -> float:
    return float(functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


# --- memory ---------------------------------------------------------------------------


def memory(case_words: str) -> int:
    """Make one map in this process; return the bytes that it took above the loaded network.

    Args:
        case_words: "<contest>|<who>", who being fast, reference, or Captum's rows a pass.
    """
    name, _, who = case_words.partition("|")
    case, contest = random_resnet18(SIZE, 1), CONTESTS[name]
    # The peak so far is forgotten: that of loading is nobody's map. A fast copy counts.
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    if who.isdecimal():
        contest.theirs(case, case.module, SAMPLES, int(who))
    else:
        made(contest, case, case.fast() if who == "fast" else Classifier(case.module))
    return _resident("VmHWM") - before


def _resident(field: str) -> int:
    """Read a number of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def memories(names: Sequence[str]) -> list[str]:
    """Measure the memory of the maps of some contests, one process each."""
    rows = []
    for name in names:
        contest = CONTESTS[name]
        for who in ("fast", "reference", "16", str(SAMPLES)):
            words = [sys.executable, "-m", "benchmarks.attributions", "--one", f"{name}|{who}"]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            took = int(done.stdout.split()[-1])
            title = f"Captum, {who} rows a pass" if who.isdecimal() else f"advviz {who}"
            verdict = "yes" if took <= LIMIT else "no"
            rows.append([f"{contest.title}: {title}", f"{took / 2**20:.0f}", verdict])
    head = ["map", "MiB above the network", "within 1 GiB"]
    return ["### Memory", "", *report.table(head, rows), ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--method", choices=list(CONTESTS), action="append", help="not all")
    parser.add_argument("--measure", choices=["times", "memory"], help="not both")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--note", help="a sentence to put above the results")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args(arguments)
    if args.one:
        print(memory(args.one))
        return
    wanted = args.method or list(CONTESTS)
    case = random_resnet18(SIZE, 1)
    lines = [f"{case.title}, one map; times are medians of {args.repeats} rounds.", ""]
    lines += [args.note, ""] if args.note else []
    if args.measure != "memory":
        for name in wanted:
            lines += measured(CONTESTS[name], case, args.repeats)
    if args.measure != "times":
        lines += memories(wanted)
    packages = ("torchvision", "captum")
    report.write("attributions", "Attribution maps against Captum", lines, packages, dry=args.dry)


if __name__ == "__main__":
    main()
