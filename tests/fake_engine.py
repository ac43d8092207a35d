"""An engine for tests of the pages: it remembers what it was asked and answers at once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from advviz.compute import Engine, Job, State
from advviz.compute.status import EngineStatus
from advviz.data import gallery, images
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.features import MEASURES, NETWORKS, FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.lab_training import PARTNERS, LabTrainingSpec, described
from advviz.experiments.protocol import Spec
from advviz.experiments.references import made_by, true_class
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, PredictSpec, VisualizeSpec
from advviz.experiments.trust import MapsSpec, TrustSpec
from advviz.models.records import record

STEPS = 4
DEFENCES = ("nothing", "JPEG, quality 50", "blur, 2 pixels")


class FakeEngine:
    """Answers every spec with made-up arrays: the standard model falls, the robust one holds."""

    def __init__(self) -> None:
        self.asked: list[Spec] = []
        self.fails: str | None = None  # a sentence: every attack fails with it
        self.fresh: list[bool] = []
        self.background: list[bool] = []
        self.stopped: list[str] = []

    def submit(self, spec: Spec) -> Job:
        self.asked.append(spec)
        if self.fails is not None and isinstance(spec, AttackSpec):
            return Job(spec, "", State.FAILED, error=self.fails)
        return Job(spec, "", State.DONE, result=made_up(spec))

    def watch(
        self, _session: str, specs: Sequence[Spec], *, fresh: bool = False, background: bool = False
    ) -> "FakeView":
        self.background.append(background)
        self.fresh.append(fresh)
        return FakeView(tuple(self.submit(spec) for spec in specs))

    def peek(self, _spec: Spec) -> Result | None:
        return None

    def stop(self, session: str) -> None:
        self.stopped.append(session)

    def status(self) -> EngineStatus:
        return Engine().status()

    def attacks(self) -> list[AttackSpec]:
        return [spec for spec in self.asked if isinstance(spec, AttackSpec)]


class FakeView:
    done = True

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        self.jobs = jobs

    def updates(self) -> Iterator[None]:
        yield

    def __enter__(self) -> "FakeView":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def logits_for(model: str, name: str) -> np.ndarray:
    """Logits that say a class with about 97%."""
    described = record(model)
    logits = np.zeros(len(described.classes), np.float32)
    logits[described.class_index(name)] = 6.0
    return logits


def made_up(spec: Spec) -> Result:
    """A result of the right shape."""
    if isinstance(spec, AttackSpec):
        return _attack(spec)
    if type(spec) in (others := _others()):
        return others[type(spec)](spec)
    if isinstance(spec, ExplainSpec | MapsSpec):
        return _explanation(spec)
    if isinstance(spec, VisualizeSpec | InvertSpec):
        return _inverted(spec) if isinstance(spec, InvertSpec) else _drawn(spec)
    if isinstance(spec, NoiseSpec):
        logits = np.tile(logits_for(spec.model, said_blindly(spec.model)), (spec.draws, 1))
        arrays = {
            "original_logits": logits[0],
            "logits": logits,
            "example": noise_picture(2, spec.model),
        }
        return Result.of(arrays, {"changed": 0, "draws": spec.draws})
    assert isinstance(spec, PredictSpec)
    said = _true(spec.image, spec.model)
    return Result.of(
        {"pixels": noise_picture(3, spec.model), "logits": logits_for(spec.model, said)}, {}
    )


def _others() -> dict[type, Callable[..., Result]]:
    """What makes up the results of all other kinds."""
    from fake_inside import MADE_UP  # which asks this module for pictures and logits

    inquiries = {SmallestSpec: _smallest, DefencesSpec: _defences, SurfaceSpec: _surface}
    return inquiries | OF_NO_PICTURE | MADE_UP


def _drawn(spec: VisualizeSpec) -> Result:
    start, picture = noise_picture(0, spec.model), noise_picture(1, spec.model)
    values = np.linspace(-1, 9, STEPS + 1, dtype=np.float32)
    name = spec.drawn_class or "dog"
    arrays = {"start": start, "picture": picture, "values": values}
    arrays["logits"] = logits_for(spec.model, name)
    if spec.method == "maco":
        arrays["importance"] = picture[0]
    several, facts = _several(spec.pictures, picture, arrays["logits"])
    return Result.of(arrays | several, facts)


def _several(count: int, picture: np.ndarray, logits: np.ndarray) -> tuple[dict, dict]:
    if count == 1:
        return {}, {}
    arrays = {
        "pictures": np.stack([picture] * count),
        "pictures_logits": np.stack([logits] * count),
        "pictures_values": np.zeros(count, np.float32),
    }
    return arrays, {"apart_at": "layer3", "alike_at_first": 0.9, "alike": 0.3}


def _inverted(spec: InvertSpec) -> Result:
    picture, logits = noise_picture(5, spec.model), logits_for(spec.model, said_blindly(spec.model))
    values = np.linspace(-1, -0.1, STEPS + 1, dtype=np.float32)
    wanted = np.stack([noise_picture(6 + i, spec.model) for i in range(1 + spec.is_strip)])
    arrays = {
        "wanted": wanted,
        "wanted_logits": np.stack([logits] * len(wanted)),
        "start": picture,
        "picture": picture,
        "logits": logits,
    }
    several, _ = _several(spec.pictures if spec.is_strip else 1, picture, logits)
    facts = {"layer": spec.resolved_layer(record(spec.model)), "distance": 0.1,
             "distance_at_first": 1.0, "rms": 0.2}  # fmt: skip
    return Result.of(arrays | several | {"values": values}, facts)


def _true(image: str, model: str) -> str:
    known = true_class(image, record(model)) if image.startswith("sample:") else None
    return known or said_blindly(model)


def said_blindly(model: str) -> str:
    """What a model says that looks at nothing: cat, or the first of its classes."""
    classes = record(model).classes
    return "cat" if "cat" in classes else classes[0]


def noise_picture(seed: int, model: str) -> np.ndarray:
    size = record(model).input_size
    return np.random.default_rng(seed).random((3, size, size), dtype=np.float32)


def _attack(spec: AttackSpec) -> Result:
    described = record(spec.model)
    original = images.load(spec.image, described.input_size).pixels
    change = np.sign(noise_picture(4, spec.model) - 0.5) * np.float32(min(spec.eps, 1.0) / 110)
    adversarial = np.clip(original + change, 0, 1).astype(np.float32)
    true = _true(spec.image, spec.model)
    reached = spec.target if spec.target != "any" else described.classes[-1]
    falls = not described.is_robust
    after = logits_for(spec.model, reached if falls else true)
    shares = np.full((STEPS + 1, len(described.classes)), 0.01, np.float32)
    shares[:, described.class_index(reached)] = np.linspace(0, 0.9, STEPS + 1)
    pictures = np.stack([original + (adversarial - original) * s / STEPS for s in range(STEPS + 1)])
    arrays = {
        "original": original,
        "adversarial": adversarial,
        "original_logits": logits_for(spec.model, true),
        "logits": after,
        "eight_bit_logits": after,
        "trajectory": pictures.astype(np.float32),
        "curve_objective": np.linspace(-5, 0, STEPS + 1),
        "curve_probabilities": shares,
        "curve_distance": np.linspace(0, spec.eps, STEPS + 1),
    }
    difference = (adversarial - original).astype(np.float64)
    facts = {
        "success": falls,
        "l2": float(np.linalg.norm(difference)),
        "linf": float(np.abs(difference).max()),
        "true_class": true,
        "steps": STEPS,
        "first_success": 2 if falls else None,
        "zero_gradient_steps": 0,
        "seconds": 0.1,
    }
    return Result.of(arrays, facts)


def _map(spec: ExplainSpec) -> Result:
    scale = 1.0 if record(spec.model).is_robust else 8.0
    explained = spec.explained if spec.explained != "predicted" else said_blindly(spec.model)
    arrays = {
        "pixels": noise_picture(5, spec.model),
        "gradient": (noise_picture(6, spec.model) - 0.5) * np.float32(scale),
        "logits": logits_for(spec.model, said_blindly(spec.model)),
    }
    return Result.of(arrays, {"explained": explained, "value": 0.5})


def _explanation(spec: ExplainSpec | MapsSpec) -> Result:
    """A map, its tests, or the map of another network."""
    if isinstance(spec, MapsSpec):
        return Result.of({"map": noise_picture(6, spec.model)}, {})
    return _trust(spec) if isinstance(spec, TrustSpec) else _map(spec)


def _trust(spec: TrustSpec) -> Result:
    """A map that random weights change, and that is faithful on the robust model alone."""
    found, stages = _map(spec.judged), len(spec.stages)
    rows, points = 3 + spec.nulls, spec.points + 1
    own = 0.9 if record(spec.model).is_robust else 0.1
    better, worse = [own, *[0.5] * (rows - 1)], [1 - own, *[0.5] * (rows - 1)]
    areas = {"insertion": better, "deletion": worse}
    ranks = {"rank": [0.1] * stages, "ssim": [0.05] * stages}
    shape = (3, *found.arrays["gradient"].shape[1:])
    arrays = {
        **found.arrays,
        "cascade": np.tile(noise_picture(7, spec.model), (1 + stages, 1, 1, 1)),
        "edges": np.ones((1, *shape[1:]), np.float32),
        "fractions": np.linspace(0, 1, points),
        "insertion blurred": np.tile(np.linspace(0.1, 0.9, points), (rows, 1)),
        "deletion blurred": np.tile(np.linspace(0.9, 0.1, points), (rows, 1)),
    }
    facts = {
        "explained": found.facts["explained"],
        "answer": {"probability": 0.97, "rest": 0.03, "largest": 0.97, "classes": 14},
        "map": {"least": 0.0, "most": 1.0, "filled": 1.0},
        "randomized": {
            "cascade": ranks,
            "averaged": {"rank": [0.1, 0.2, 0.15], "ssim": [0.0, 0.1, 0.05]},
            "itself": {"rank": [0.8], "ssim": [0.8]},
            "entropy": 5.0,
            "entropies": [6.0] * spec.copies,
        },
        "edges": {"rank": [0.6], "ssim": [0.1]},
        "classes": {"names": ["dog"], "rank": [0.4, 0.6, 0.5], "ssim": [0.2, 0.3, 0.2]},
        "seeds": {"rank": [0.9, 0.92, 0.94], "ssim": [0.8, 0.8, 0.8]},
        "moved": 0.3,
        "curves": {"blurred": areas},
        "infidelity": [1 - own, *[0.5] * (rows - 1)],
    }
    return Result.of(arrays, facts)


def _smallest(spec: SmallestSpec) -> Result:
    described = record(spec.model)
    picture = images.load(spec.image, described.input_size).pixels
    reached = spec.target if spec.target != "any" else described.classes[-1]
    distance = 2.0 if described.is_robust else 0.5
    arrays = {
        "original": picture,
        "original_logits": logits_for(spec.model, _true(spec.image, spec.model)),
        "adversarial": picture,
        "logits": logits_for(spec.model, reached),
        "eight_bit_logits": logits_for(spec.model, reached),
    }
    facts = {"distance": distance, "held": 0.9 * distance, "trials": [[distance, True]]}
    return Result.of(arrays, facts)


def _defences(spec: DefencesSpec) -> Result:
    """The attack survives the file as it is alone; the right answer survives all but the last."""
    (attack,) = made_by(spec.image)
    size, right = record(spec.model).input_size, _true(attack.image, spec.model)
    logits = np.stack([np.stack([logits_for(spec.model, right)] * len(DEFENCES))] * 2)
    logits[0, 0] = logits_for(spec.model, attack.target)
    logits[1, -1] = logits_for(spec.model, attack.target)
    shown = np.zeros((2, len(DEFENCES), size, size, 3), np.uint8)
    return Result.of({"pictures": shown, "logits": logits}, {"names": list(DEFENCES)})


def features_found(spec: FeaturesSpec) -> Result:
    """The new classifier is right as often as the first; the controls are wrong."""
    values = dict(zip(MEASURES, (0.99, 0.7, 150.0, 1.0, 0.97, 0.02, 0.01), strict=True))
    facts = {
        name: {"value": value, "low": value, "high": value, "seeds": [value] * spec.seeds}
        for name, value in values.items()
    }
    shape = (1, 8, 8)
    weights = np.linspace(-1, 1, 64, dtype=np.float32).reshape(shape)
    arrays = {f"weights {name}": weights for name in NETWORKS}
    some = np.random.default_rng(0).random((4, *shape), dtype=np.float32)
    arrays |= {"original": some, "adversarial": 1 - some, "random": some}
    arrays["labels"] = np.array([0, 1, 0, 1])
    sizes = {"training_images": 213, "validation_images": 72, "test_images": 72}
    return Result.of(arrays, {**facts, **sizes, "said": None})


def trained_side_by_side(spec: LabTrainingSpec) -> Result:
    """The standard network falls, the robust one holds; a single step collapses."""
    epochs, source = spec.epochs, np.random.default_rng(0)
    rising = np.linspace(0.1, 0.9, epochs + 1)
    fallen = np.where(np.arange(epochs + 1) * 2 > epochs, 0.02, rising)
    judged = np.stack([np.zeros(epochs + 1), fallen if spec.single_step else rising / 2])
    pictured = [e for e in range(epochs) if e & (e - 1) == 0] + [epochs]
    arrays = {
        "clean": np.stack([rising, rising]), "own": np.stack([judged[0], rising]),
        "judged": judged, "loss": np.ones((2, epochs)) * [[0.1], [0.7]],
        "samples": source.random((6, 1, 8, 8), dtype=np.float32),
        "sample_labels": np.arange(6), "pictured_epochs": np.array(pictured),
        "weights": source.normal(size=(len(pictured), 2, 10, 1, 3, 3)),
        "gradients": source.normal(size=(len(pictured), 2, 6, 1, 8, 8)),
        "radii": np.array([0.5, 1.0, 2.0]), "radii_n": np.array(128),
        "radii_right": np.array([[20.0, 4, 0], [110, 90, 30]]),
        "radii_distance": np.ones((2, 3)), "radii_answers": np.ones((2, 3)) / 2,
        "radii_at_random": np.ones((2, 3)) / 50,
    }  # fmt: skip
    arrays |= trained_networks(spec)
    fell = {"epoch": 20, "best": 15, "before": 0.5, "after": 0.02, "own": 0.8}
    facts = {
        "watched": 256, "trained_on": 1079, "n": 359, "clean": [350, 340], "robust": [4, 160],
        "attacks": {"pgd": [6, 170]}, "collapse": fell if spec.single_step else None,
        "judge": {}, "classes": list("0123456789"), "seconds": 20.0,
    }  # fmt: skip
    return Result.of(arrays, facts)


def trained_networks(spec: LabTrainingSpec) -> dict[str, np.ndarray]:
    """The weights of both networks, which torch alone can make."""
    from advviz.models.architectures import build

    state = build(described(spec, "standard")).state_dict()
    return {f"{partner}.{k}": v.numpy() for partner in PARTNERS for k, v in state.items()}


def _surface(spec: SurfaceSpec) -> Result:
    along, across = np.linspace(-1, 1.5, 21), np.linspace(-1.25, 1.25, 21)
    (attack,) = made_by(spec.image)
    right = record(spec.model).class_index(_true(attack.image, spec.model))
    logits = np.zeros((21, 21, len(record(spec.model).classes)), np.float32)
    logits[..., right] = 3 - 3 * along * (1 if record(spec.model).is_robust else 4)
    return Result.of({"along": along, "across": across, "logits": logits}, {"length": 1.0})


UNITS = 20


def _atlas(spec: AtlasSpec) -> Result:
    """Noise for every unit."""
    side = min(spec.side, record(spec.model).input_size)
    source = np.random.default_rng(7)
    arrays = {
        "pictures": source.integers(0, 256, (UNITS, 3, side, side), dtype=np.uint8),
        "start_values": np.zeros(UNITS, np.float32),
        "values": np.linspace(1, 9, UNITS, dtype=np.float32),
    }
    if spec.layer == "penultimate":
        classes = len(record(spec.model).classes)
        arrays["class_weights"] = source.normal(size=(UNITS, classes)).astype(np.float32)
    facts = {"layer": "flatten" if spec.layer == "penultimate" else spec.layer}
    return Result.of(arrays, facts | {"width": UNITS, "side": side})


def _responses(spec: ResponsesSpec) -> Result:
    """Unit 3 answers to nothing; the last one most."""
    size, count = record(spec.model).input_size, 12
    source = np.random.default_rng(8)
    maxima = source.random((count, UNITS)).astype(np.float32) + np.arange(UNITS, dtype=np.float32)
    maxima[:, 3] = -1
    arrays = {
        "pictures": source.integers(0, 256, (count, 3, size, size), dtype=np.uint8),
        "maxima": maxima,
        "means": maxima / 2,
        "corners": np.zeros((count, UNITS, 2), np.int16),
    }
    names = [sample.id for sample in gallery.samples()[:count]]
    facts = {"layer": spec.layer, "names": names, "crop": size // 4, "field": size // 2}
    return Result.of(arrays, facts | {"left_out": 0})


OF_NO_PICTURE: dict[type[Any], Callable[[Any], Result]] = {
    FeaturesSpec: features_found,
    LabTrainingSpec: trained_side_by_side,
    AtlasSpec: _atlas,
    ResponsesSpec: _responses,
}
"""What is made up for labs and layers."""
