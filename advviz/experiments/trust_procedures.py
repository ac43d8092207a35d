"""From the values of a trust panel to the procedure that computes it; needs torch."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advviz.experiments import trust_figure_procedures as figures
from advviz.experiments.result import Result
from advviz.experiments.trust import MapsSpec, TrustSpec
from advviz.experiments.trust_method_procedures import method_of
from advviz.explain import nulls
from advviz.explain.trust import averaged, for_classes, for_seeds
from advviz.models.records import record
from advviz.noise import Noise

Steps = Generator[Any, Any, Result]

OTHER_CLASSES = 5
"""Other classes whose maps the judged one is compared with, drawn by its seed."""
OTHER_SEEDS = 4
"""Other seeds of a method that has one."""


def _batch(array: Any, device: str) -> Tensor:
    return torch.from_numpy(array.copy())[None].to(device)


def maps(spec: MapsSpec, judged: Result, device: str = "cpu") -> Steps:
    """Explain the judged map's image, for its class, on another network."""
    image = _batch(judged.arrays["pixels"], device)
    described = record(spec.model)
    classes = torch.tensor([described.class_index(judged.facts["explained"])], device=device)
    explain, noise = method_of(spec.judged), Noise(spec.judged.seed)
    plain = yield from explain(image, classes, spec.judged.seed)
    arrays = {"map": plain[0].cpu()}
    if spec.noisy:
        found = yield from averaged(image, classes, explain, spec.noisy, spec.sigma, noise=noise)
        arrays |= {
            "averaged": found.whole[0].cpu(),
            "first half": found.first[0].cpu(),
            "second half": found.second[0].cpu(),
        }
    return Result.of(arrays, {})


def panel(spec: TrustSpec, results: Sequence[Result], device: str = "cpu") -> Steps:
    """Judge a map: compare it with those of the prerequisites, and ask its method again."""
    judged, *others = results
    described = record(spec.model)
    image, own = (_batch(judged.arrays[name], device) for name in ("pixels", "gradient"))
    index = described.class_index(judged.facts["explained"])
    classes = torch.tensor([index], device=device)
    explain, noise = method_of(spec.judged), Noise(spec.seed)
    facts: dict[str, Any] = {
        "explained": judged.facts["explained"],
        "answer": figures.answer(judged.arrays["logits"], index),
        "map": figures.contents(own),
        "randomized": figures.randomized(spec, own, others),
        "edges": figures.likeness(own, nulls.edges(image)),
    }
    asked = _other_classes(len(described.classes), index, spec.seed)
    found = yield from for_classes(image, asked, explain, spec.seed)
    facts["classes"] = {
        "names": [described.classes[each] for each in asked],
        **figures.likeness(own, found),
    }
    facts |= yield from _again(spec, image, own, classes, explain)
    faithful, curves = yield from figures.faithful(spec, image, own, classes, noise)
    stages = others[: 1 + len(spec.stages)]
    arrays = {
        "pixels": judged.arrays["pixels"],
        "gradient": judged.arrays["gradient"],
        "cascade": np.stack([each.arrays["averaged"] for each in stages]),
        "edges": nulls.edges(image)[0].cpu(),
        "logits": judged.arrays["logits"],
        **curves,
    }
    return Result.of(arrays, facts | faithful)


def _other_classes(count: int, index: int, seed: int) -> list[int]:
    """Draw other classes by the seed, in the order of the model's."""
    source = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(count, generator=source).tolist()
    return sorted([each for each in drawn if each != index][:OTHER_CLASSES])


def _again(
    spec: TrustSpec, image: Tensor, own: Tensor, classes: Tensor, explain: Any
) -> Generator[Any, Any, Mapping[str, Any]]:
    """Ask the method once more: with other seeds, and of pictures that nobody tells apart."""
    seeds = [spec.seed + 1 + each for each in range(OTHER_SEEDS)]
    first = yield from for_seeds(image, classes, explain, seeds[:1])
    facts: dict[str, Any] = {}
    if not torch.equal(first[0].cpu(), own[0].cpu()):
        rest = yield from for_seeds(image, classes, explain, seeds[1:])
        facts["seeds"] = figures.likeness(own, torch.cat([first, rest]))
    moved = yield from figures.moved(image, classes, explain, spec.seed)
    return facts | {"moved": moved}
