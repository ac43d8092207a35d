"""From the values of a comparison of maps to the procedure that computes it; needs torch."""

from collections.abc import Generator
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from advviz.data import images
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.procedures import explain
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import ExplainSpec
from advviz.explain.before_after import Mapper, before_after
from advviz.explain.similarity import Similarity, chance_overlap
from advviz.models.records import ModelRecord
from advviz.noise import Noise
from advviz.protocol import Answer, Procedure, Query

Steps = Generator[Any, Any, Result]
MEASURES = ("rank", "signed_rank", "ssim", "overlap")
"""What the last axis of the figures counts through."""
SEEDS = 2**31
"""How many seeds there are: the one after the last is the first."""


def alike(spec: AlikeSpec, described: ModelRecord, attack: Result, device: str = "cpu") -> Steps:
    """Compare the maps of a picture before and after an attack."""
    clean, attacked = (
        torch.from_numpy(attack.arrays[name].copy())[None].to(device)
        for name in ("original", "adversarial")
    )
    answer: Answer = yield Query(torch.cat([clean, attacked]), gradient=False, exact=True)
    logits = answer.logits.cpu()
    classes = _classes(spec, described, logits)
    refs = spec.photos(described)
    photos = torch.stack(
        [torch.from_numpy(images.load(ref, described.input_size).pixels.copy()) for ref in refs]
    )
    found = yield from before_after(
        clean,
        attacked,
        classes,
        _mapper(spec, described, device),
        photos.to(device),
        draws=spec.random_maps,
        is_random=spec.draws_numbers,
        noise=Noise(spec.seed),
        top=spec.top_share,
    )
    arrays = {
        "pixels": torch.cat([clean, attacked]).cpu(),
        "logits": logits,
        "maps": found.maps.cpu(),
        "pairs": _figures(found.pairs),
        "noisy": _figures(found.noisy),
        "photos": _figures(found.photos),
        "random": _figures(found.random).reshape(2, spec.random_maps, len(MEASURES)),
    }
    if found.seeds is not None:
        arrays["seeds"] = _figures(found.seeds)
    facts = {
        "classes": [described.classes[index] for index in classes],
        "photos": list(refs),
        "chance_overlap": chance_overlap(found.maps[0, :, 0], spec.top_share),
        "l2": float(torch.linalg.vector_norm((attacked - clean).double())),
    }
    return Result.of(arrays, facts)


def _classes(spec: AlikeSpec, described: ModelRecord, logits: Tensor) -> tuple[int, int]:
    """Return the two classes; what is not known is what the model says before and after."""
    named, other = spec.first_class(described), spec.second_class(described)
    first = int(logits[0].argmax()) if named is None else described.class_index(named)
    second = first if other is None else described.class_index(other)
    if second == first:
        ranked = logits[1].argsort(descending=True).tolist()
        second = next(index for index in ranked if index != first)
    return first, second


def _mapper(spec: AlikeSpec, described: ModelRecord, device: str) -> Mapper:
    """Return what makes the maps: the experiment of a map itself, told what the spec is told."""
    told = {f.name: getattr(spec, f.name) for f in fields(ExplainSpec)}

    def mapper(picture: Tensor, index: int, again: bool) -> Procedure[Tensor]:
        seed = (spec.seed + 1) % SEEDS if again else spec.seed
        one = ExplainSpec(**told | {"explained": described.classes[index], "seed": seed})
        pixels: Array = picture[0].cpu().numpy()
        result = yield from explain(one, described, pixels, device)
        return torch.from_numpy(result.arrays["gradient"].copy())[None]

    return mapper


def _figures(of: Similarity) -> Tensor:
    """Put the figures of a comparison side by side: [rows, measures], as `MEASURES` lists them."""
    return torch.stack([getattr(of, name) for name in MEASURES], 1).cpu()
