"""Made-up results of what looks inside: maps before and after, units, what they answer to."""

import numpy as np
from fake_engine import logits_for, noise_picture, said_blindly

from advviz.experiments.alike import AlikeSpec
from advviz.experiments.result import Result
from advviz.experiments.turned_units import UnitsSpec
from advviz.models.records import record


def alike(spec: AlikeSpec) -> Result:
    """The standard model's map is lost, the robust one's is kept; chance lies at 0."""
    described = record(spec.model)
    value = 0.9 if described.is_robust else 0.01
    source, size = np.random.default_rng(0), described.input_size
    second = spec.second_class(described) or described.classes[-1]
    arrays = {
        "pixels": np.stack([noise_picture(0, spec.model)] * 2),
        "logits": np.stack([logits_for(spec.model, said_blindly(spec.model))] * 2),
        "maps": source.normal(size=(2, 2, 3, size, size)),
        "pairs": np.array([[value] * 4, [value] * 4, [0.3] * 4, [np.nan] * 4]),
        "noisy": np.full((spec.beside, 4), 0.8),
        "photos": np.full((spec.beside, 4), 0.1),
        "random": np.stack([np.linspace(-0.2, 0.2, 4 * spec.random_maps).reshape(-1, 4)] * 2),
    }
    if spec.draws_numbers:
        arrays["seeds"] = np.full((1, 4), 0.95)
    facts = {
        "classes": [spec.first_class(described) or said_blindly(spec.model), second],
        "photos": list(spec.photos(described)),
        "chance_overlap": 0.1,
        "l2": 1.0,
    }
    return Result.of(arrays, facts)


UNITS = 12


def units(spec: UnitsSpec) -> Result:
    """Unit 3 was turned on, unit 5 off; unit 0 says nothing."""
    scores = np.array([np.nan, 0.1, 0.2, 9.0, 0, -7.0, *[0.3] * (UNITS - 6)])
    arrays = {
        "pixels": np.stack([noise_picture(0, spec.model)] * 2),
        "logits": np.stack([logits_for(spec.model, said_blindly(spec.model))] * 2),
        "before": np.zeros(UNITS), "after": np.nan_to_num(scores), "mean": np.zeros(UNITS),
        "spread": np.ones(UNITS), "scores": scores, "noisy": np.full((spec.draws, UNITS), 0.5),
    }  # fmt: skip
    facts = {
        "layer": "flatten" if spec.layer == "penultimate" else spec.layer, "units": UNITS,
        "silent": 1, "on": [3], "off": [5], "largest": 9.0, "noise_largest": 0.5,
        "beyond_noise": 2, "l2": 1.0,
    }  # fmt: skip
    return Result.of(arrays, facts)


MADE_UP = {AlikeSpec: alike, UnitsSpec: units}
