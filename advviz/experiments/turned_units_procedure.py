"""From an attack and a layer to the units that it turned on and off; needs torch."""

from collections.abc import Generator
from typing import Any

import torch

from advviz.experiments.result import Result
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain.before_after import noisy_copies
from advviz.featurevis.turned_units import strongest_changes, turned_units
from advviz.noise import Noise
from advviz.protocol import Answer, Query

Steps = Generator[Any, Any, Result]


def look(spec: UnitsSpec, attack: Result, seen: Result, device: str = "cpu") -> Steps:
    """Compare what the units answer before and after an attack.

    Args:
        spec: says which.
        attack: of an `AttackSpec`.
        seen: of the `ResponsesSpec` of the layer.
        device: where the images are kept.
    """
    clean, attacked = (
        torch.from_numpy(attack.arrays[name].copy())[None].to(device)
        for name in ("original", "adversarial")
    )
    answer: Answer = yield Query(torch.cat([clean, attacked]), gradient=False, exact=True)
    samples = torch.from_numpy(seen.arrays["means"].copy())
    layer = str(seen.facts["layer"])
    copies = noisy_copies(clean, attacked, spec.draws, Noise(spec.seed))
    found = yield from turned_units(clean, attacked, copies, samples, layer)
    on, off = strongest_changes(found.scores, spec.top)
    size, noisy = found.scores.nan_to_num(0.0).abs(), found.noisy.nan_to_num(0.0).abs()
    facts = {
        "layer": layer,
        "units": len(size),
        "silent": int(found.scores.isnan().sum()),
        "on": on,
        "off": off,
        "largest": float(size.max()),
        "noise_largest": float(noisy.max()),
        "beyond_noise": int((size > noisy.max()).sum()),
        "l2": float(torch.linalg.vector_norm((attacked - clean).double())),
    }
    arrays = {
        "pixels": torch.cat([clean, attacked]).cpu(),
        "logits": answer.logits.cpu(),
        "before": found.before,
        "after": found.after,
        "mean": found.mean,
        "spread": found.spread,
        "scores": found.scores,
        "noisy": found.noisy,
    }
    return Result.of(arrays, facts)
