"""What every procedure leaves alone, looked at after every step."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from catalogue_toys import CASES, begin
from explainer_toys import INSIDE, PURE
from explainer_toys import begin as explain
from toys import SHAPE, Convolutional, built, labels, pictures

from advviz.attacks.defences import defended
from advviz.attacks.eight_bit import saved
from advviz.attacks.loss_surface import loss_surface
from advviz.attacks.pgd import PGDParams, fgsm_params, pgd
from advviz.attacks.random_noise import random_noise
from advviz.experiments import inquiry_procedures, procedures
from advviz.experiments.inquiries import SmallestSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, VisualizeSpec
from advviz.explain.gradient import gradient
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.featurevis.ascent import AscentParams, ascent
from advviz.featurevis.fourier import FourierParams, fourier_ascent
from advviz.models.classifier import Classifier
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import Logit, Unit, away_from, towards
from advviz.protocol import Query
from advviz.threat_models import L2Ball, LinfBall

IMAGES = pictures(3).float()
CLASSES = labels(0, 1, 2)
PIXELS = pictures(1)[0].float().numpy()
MODEL = replace(
    record("tiny14-standard"),
    classes=("dog", "cat", "goldfish", "bus"),
    input_size=SHAPE[1],
    layers={"flatten": 6, "conv": 5},
)
PICTURE = {"model": MODEL.id, "image": "sample:chelsea"}
NOISE = Noise(0)
RESTARTS = PGDParams(
    step_size=0.02, steps=12, random_start=True, restarts=2, early_stop=True, record="pictures"
)


def attack_spec(**words: Any) -> Any:
    return procedures.attack(AttackSpec(**PICTURE, steps=12, **words), MODEL, PIXELS)


def smallest_spec(**words: Any) -> Any:
    spec = SmallestSpec(**PICTURE, steps=3, tolerance=0.5, **words)
    return inquiry_procedures.smallest_change(spec, MODEL, PIXELS)


def explain_spec(**words: Any) -> Any:
    return procedures.explain(ExplainSpec(**PICTURE, samples=9, **words), MODEL, PIXELS)


def visualize_spec(start: Any = None, **words: Any) -> Any:
    spec = VisualizeSpec(model=MODEL.id, steps=3, **words)
    return procedures.visualize(spec, MODEL, start)


PROCEDURES: dict[str, Callable[[], Any]] = {
    "fgsm": lambda: pgd(IMAGES, away_from(CLASSES), LinfBall(0.1), fgsm_params(0.1), noise=NOISE),
    "pgd l2": lambda: pgd(
        IMAGES, away_from(CLASSES), L2Ball(0.5), PGDParams(step_size=0.1, steps=4), noise=NOISE
    ),
    "pgd linf, restarts, early stop": lambda: pgd(
        IMAGES, towards(CLASSES), LinfBall(0.1), RESTARTS, noise=NOISE
    ),
    "random noise": lambda: random_noise(IMAGES, L2Ball(0.5), 30, noise=NOISE),
    "8 bits": lambda: saved(
        IMAGES[:1],
        away_from(CLASSES[:1]),
        L2Ball(0.5),
        pgd(IMAGES[:1], away_from(CLASSES[:1]), L2Ball(0.5), RESTARTS, noise=NOISE),
    ),
    "loss surface": lambda: loss_surface(IMAGES[:1], IMAGES[1:2], 11, noise=NOISE),
    "defences": lambda: defended(IMAGES, noise=NOISE),
    "gradient": lambda: gradient(IMAGES, away_from(CLASSES)),
    "smoothgrad": lambda: smoothgrad(
        IMAGES, away_from(CLASSES), SmoothGradParams(samples=20), noise=NOISE
    ),
    "ascent": lambda: ascent(
        IMAGES, Unit("conv2", CLASSES), AscentParams(eps=1, step_size=0.1, steps=3), noise=NOISE
    ),
    "fourier": lambda: fourier_ascent(
        IMAGES, Unit("conv", CLASSES), FourierParams(steps=3), noise=NOISE
    ),
    "spec: predict": lambda: procedures.predict(PIXELS),
    "spec: attack": lambda: attack_spec(target="goldfish", restarts=2),
    "spec: untargeted attack": lambda: attack_spec(target="any", norm="linf", eps=0.1),
    "spec: attack in 8 bits": lambda: attack_spec(target="goldfish", quantized=True),
    "spec: smallest": lambda: smallest_spec(target="goldfish"),
    "spec: smallest, untargeted": lambda: smallest_spec(norm="linf", restarts=2),
    "spec: smallest, by itself": lambda: smallest_spec(
        norm="l1", attack="min-norm", options="steps=12"
    ),
    "spec: smallest, without gradients": lambda: smallest_spec(
        norm="linf", attack="square", options="queries=12"
    ),
    "spec: gradient": lambda: explain_spec(method="gradient"),
    "spec: smoothgrad": lambda: explain_spec(method="smoothgrad", explained="cat"),
    "spec: integrated gradients": lambda: explain_spec(method="integrated-gradients"),
    "spec: expected gradients": lambda: explain_spec(
        method="expected-gradients", options="samples=9"
    ),
    "spec: rise": lambda: explain_spec(method="rise", options="cells=2,masks=40"),
    "spec: ascent": lambda: visualize_spec(unit="channel:conv:1"),
    "spec: ascent from an image": lambda: visualize_spec(PIXELS, unit="unit:2"),
    "spec: fourier": lambda: visualize_spec(unit="class:cat", method="fourier"),
    "spec: noise": lambda: procedures.control(NoiseSpec(**PICTURE, draws=30), PIXELS),
}
for _name, _norm in dict(CASES).items():  # each attack in one of its norms
    PROCEDURES[f"catalogue: {_name}"] = partial(begin, _name, _norm, IMAGES[:2], CLASSES[:2])
for _name in PURE:
    PROCEDURES[f"explainer: {_name}"] = partial(explain, _name, IMAGES, away_from(CLASSES))
for _name in INSIDE:
    PROCEDURES[f"explainer: {_name}"] = partial(explain, _name, IMAGES, Logit(CLASSES))
every = pytest.mark.parametrize("begin", PROCEDURES.values(), ids=PROCEDURES)


@dataclass(frozen=True)
class Watched:
    """A classifier, and everything of the process and the module that must not change."""

    classifier: Classifier

    @classmethod
    def new(cls) -> "Watched":
        """Watch a fresh network that has everything that can go wrong."""
        return cls(Classifier(built(Convolutional, 4).float()))

    def state(self) -> dict[str, Any]:
        """Take everything down, comparable with ==."""
        kind, keys, *rest = np.random.get_state()  # noqa: NPY002
        modules = list(self.classifier.module.named_modules())
        parameters = list(self.classifier.module.named_parameters())
        return {
            "gradients enabled": torch.is_grad_enabled(),
            "inference mode": torch.is_inference_mode_enabled(),
            "autocast": torch.is_autocast_enabled("cpu"),
            "default dtype": torch.get_default_dtype(),
            "threads": torch.get_num_threads(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "torch's numbers": torch.get_rng_state().numpy().tobytes(),
            "numpy's numbers": (kind, keys.tobytes(), rest),
            "python's numbers": random.getstate(),
            "training": {name: module.training for name, module in modules},
            "hooks": {name: hooks(module) for name, module in modules},
            "frozen": {name: p.requires_grad for name, p in parameters},
            "gradients": {name: p.grad is None for name, p in parameters},
            "weights": {
                name: value.numpy().tobytes()
                for name, value in self.classifier.module.state_dict().items()
            },
        }


def hooks(module: torch.nn.Module) -> dict[str, int]:
    """Count the hooks of every sort."""
    return {
        name: len(value)
        for name, value in vars(module).items()
        if "hooks" in name and value is not None and not isinstance(value, bool)
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Name what has changed."""
    return [name for name in before if before[name] != after[name]]


def asked(classifier: Classifier, request: Any) -> Any:
    """Answer a query, or run a call."""
    if isinstance(request, Query):
        return classifier.answer(request)
    return classifier.call(request)


def answered(watched: Watched, procedure: Any, steps: int | None = None) -> Any:
    """Step through a procedure, comparing after every step; return (result, steps made).

    With a number of steps the procedure is left after that many, at its question.
    """
    before, reply, made = watched.state(), None, 0
    while steps is None or made < steps:
        try:
            request = procedure.send(reply)
        except StopIteration as finished:
            assert differences(before, watched.state()) == [], f"changed at the end, step {made}"
            return finished.value, made
        assert differences(before, watched.state()) == [], f"changed before question {made}"
        made += 1
        if steps is None or made < steps:
            reply = asked(watched.classifier, request)
            assert differences(before, watched.state()) == [], f"changed by answer {made}"
    return None, made


def test_the_harness_sees_a_change_of_each_thing():
    """A test that cannot fail is a defect."""
    watched = Watched.new()
    module = watched.classifier.module
    first = watched.state()
    changes: dict[str, Callable[[], Any]] = {
        "torch's numbers": lambda: torch.rand(1),
        "numpy's numbers": lambda: np.random.rand(),  # noqa: NPY002
        "python's numbers": random.random,
        "training": lambda: module.bn.train(),
        "hooks": lambda: module.conv.register_forward_hook(lambda *_: None),
        "frozen": lambda: module.fc.weight.requires_grad_(True),
        "gradients": lambda: setattr(module.fc.weight, "grad", module.fc.weight.detach().clone()),
        "weights": lambda: module.bn.running_mean.add_(1),
    }
    for name, change in changes.items():
        change()
        assert differences(first, watched.state()) == [name]
        first = watched.state()
    with torch.no_grad():
        assert differences(first, watched.state()) == ["gradients enabled"]


@every
def test_after_every_step_everything_is_as_before(begin):
    """Grad mode, hooks, training flags, frozen parameters, weights, global random numbers."""
    result, steps = answered(Watched.new(), begin())
    assert result is not None
    assert steps >= 1


@every
def test_closing_half_way_leaves_everything_as_before(begin):
    """At every question that the procedure asks."""
    _, total = answered(Watched.new(), begin())
    for stop in sorted({1, 2, total // 2, total}):
        watched, procedure = Watched.new(), begin()
        before = watched.state()
        answered(watched, procedure, max(1, stop))
        procedure.close()
        assert differences(before, watched.state()) == []


@every
def test_an_exception_half_way_leaves_everything_as_before(begin):
    """It comes out as it went in."""
    _, total = answered(Watched.new(), begin())
    for stop in sorted({1, 2, total // 2, total}):
        watched, procedure = Watched.new(), begin()
        before = watched.state()
        answered(watched, procedure, max(1, stop))
        with pytest.raises(KeyError, match="thrown in"):
            procedure.throw(KeyError("thrown in"))
        assert differences(before, watched.state()) == []


class StopsError(Exception):
    """Raised in the middle of a forward pass."""


@every
def test_a_network_that_fails_in_mid_pass_leaves_everything_as_before(begin, monkeypatch):
    """Hooks go, grad mode returns, although the layers after the tap were never reached."""
    watched, procedure = Watched.new(), begin()
    before = watched.state()

    def fail(_images):
        raise StopsError

    request = next(procedure)
    with monkeypatch.context() as patch:
        patch.setattr(watched.classifier.module.fc, "forward", fail)
        with pytest.raises(StopsError):
            asked(watched.classifier, request)
    procedure.close()
    assert differences(before, watched.state()) == []


@every
def test_the_callers_grad_mode_does_not_matter(begin):
    """The same result under no_grad, bit for bit; nothing returned hangs on a graph."""
    plain, _ = answered(Watched.new(), begin())
    with torch.no_grad():
        within, _ = answered(Watched.new(), begin())
    tensors, others = list(tensors_of(plain)), list(tensors_of(within))
    assert len(tensors) == len(others) > 0
    for one, other in zip(tensors, others, strict=True):
        assert not one.requires_grad
        assert torch.equal(one, other)


def tensors_of(result: Any) -> list[torch.Tensor]:
    """List the tensors of a result, in order, those of its history too."""
    if hasattr(result, "arrays"):
        return [torch.from_numpy(array.copy()) for array in result.arrays.values()]
    values = [getattr(result, name) for name in type(result).__slots__]
    nested = [tensors_of(v) for v in values if hasattr(type(v), "__slots__") and v is not None]
    flat = [v for v in values if isinstance(v, torch.Tensor)]
    return flat + [t for tensors in nested for t in tensors]


@every
def test_two_in_turns_are_as_one_after_the_other(begin):
    """Procedures share nothing: interleaved steps give the same bytes."""
    alone, _ = answered(Watched.new(), begin())
    classifier = Watched.new().classifier
    pair = [begin(), begin()]
    replies: list[Any] = [None, None]
    results: list[Any] = []
    while len(results) < 2:
        for index in (0, 1):
            try:
                replies[index] = asked(classifier, pair[index].send(replies[index]))
            except StopIteration as finished:
                results.append(finished.value)
    for result in results:
        for one, other in zip(tensors_of(result), tensors_of(alone), strict=True):
            assert torch.equal(one, other)
