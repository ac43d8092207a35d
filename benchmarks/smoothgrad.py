"""SmoothGrad with 50 samples against Captum's NoiseTunnel at its best chunk.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.smoothgrad

ResNet-18 with random weights, 224 px, batch 1, the logit of a class. Both average the gradient
over 50 noisy copies, with noise of their own. That they do the same work is checked: the cosine
of their maps is set against the cosine of two maps by Captum from different noise.
"""

import argparse
import copy
from collections.abc import Callable, Sequence
from statistics import median

import torch
from captum.attr import NoiseTunnel, Saliency
from torch import Tensor, nn
from torch.nn import functional

from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.protocol import Respondent, run
from benchmarks import report
from benchmarks.networks import Case, random_resnet18
from benchmarks.peers import ChannelsLast
from benchmarks.timing import interleaved, milliseconds, seconds, spread

SAMPLES, SIGMA = 50, 0.15
CHUNKS = (1, 2, 5, 10, 25, 50)
FAST, REFERENCE, CAPTUM = "advviz fast", "advviz reference", "Captum NoiseTunnel"


def ours(case: Case, classifier: Respondent, seed: int) -> Tensor:
    """Make the map by advviz."""
    params = SmoothGradParams(samples=SAMPLES, sigma=SIGMA, sigma_unit="absolute")
    objective = Logit(case.targets)
    found = run(smoothgrad(case.pixels, objective, params, noise=Noise(seed)), classifier)
    return found.attributions


def theirs(case: Case, module: nn.Module, chunk: int) -> Tensor:
    """Make the map by Captum: signed, as ours."""
    maps: Tensor = NoiseTunnel(Saliency(module)).attribute(
        case.pixels.clone(),
        nt_type="smoothgrad",
        nt_samples=SAMPLES,
        nt_samples_batch_size=chunk,
        stdevs=SIGMA,
        target=int(case.targets[0]),
        abs=False,
    )
    return maps


def best_settings(case: Case) -> tuple[dict[str, tuple[nn.Module, int]], list[str]]:
    """Search Captum's best chunk in each memory format; say what was tried."""
    plain = copy.deepcopy(case.module).to(memory_format=torch.contiguous_format)
    modules = {"contiguous": plain, "channels_last": ChannelsLast(copy.deepcopy(plain)).eval()}
    tried: dict[tuple[str, int], float] = {}
    for layout, module in modules.items():
        for chunk in CHUNKS:

            def attempt(module: nn.Module = module, chunk: int = chunk) -> Tensor:
                return theirs(case, module, chunk)

            attempt()
            tried[layout, chunk] = min(seconds(attempt) for _ in range(2))
    words = [f"{name} {size}: {1000 * took:.0f}" for (name, size), took in tried.items()]
    lines = [f"Captum by memory format and chunk, ms: {', '.join(words)}."]
    best = {
        name: (module, min(CHUNKS, key=lambda chunk, name=name: tried[name, chunk]))
        for name, module in modules.items()
    }
    return best, lines


def agreement(case: Case, module: nn.Module, chunk: int, fast: Respondent) -> list[str]:
    """Set the likeness of the two libraries' maps against that of two draws of one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = (theirs(case, module, chunk).flatten() for _ in range(2))
    lines = [f"- cosine of two maps by Captum: {_cosine(first, second):.3f}"]
    for name, classifier in ((FAST, fast), (REFERENCE, Classifier(case.module))):
        found = ours(case, classifier, 0).flatten()
        ratio = float(found.norm() / first.norm())
        lines.append(
            f"- cosine of {name} and Captum: {_cosine(found, first):.3f}, "
            f"length of the one over the other: {ratio:.3f}"
        )
    return lines


def _cosine(one: Tensor, other: Tensor) -> float:
    return float(functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args(arguments)
    case = random_resnet18(224, 1)
    fast, reference = case.fast(), Classifier(case.module)
    settings, lines = best_settings(case)
    contestants: dict[str, Callable[[], float]] = {
        FAST: lambda: seconds(lambda: ours(case, fast, 0)),
        REFERENCE: lambda: seconds(lambda: ours(case, reference, 0)),
    }
    for layout, (module, chunk) in settings.items():
        contestants[f"{CAPTUM}, {layout}, chunks of {chunk}"] = lambda m=module, c=chunk: seconds(
            lambda: theirs(case, m, c)
        )
    found = interleaved(contestants, args.repeats)
    head = ["who", "ms", "× fast"]
    rows = [
        [name, milliseconds(times), f"{median(times) / median(found[FAST]):.2f}"]
        for name, times in found.items()
    ]
    lines += ["", f"{case.title}, {SAMPLES} samples, sigma {SIGMA}, medians of {args.repeats}.", ""]
    lines += [*report.table(head, rows), "", f"- advviz fast is {fast.numerics}"]
    for name in list(found)[2:]:
        gains = ", ".join(f"{one} {spread(found[name], found[one])}" for one in (FAST, REFERENCE))
        lines += [f"- {name}, over advviz (range of rounds): {gains}"]
    module, chunk = settings["contiguous"]
    lines += agreement(case, module, chunk, fast)
    packages = ("torchvision", "captum")
    report.write("smoothgrad", "SmoothGrad against Captum", lines, packages, dry=args.dry)


if __name__ == "__main__":
    main()
