"""From the values of the lab "Bugs or features?" to the procedure that computes it; needs torch."""

from collections.abc import Generator
from typing import Any

from advviz.attacks.pgd import PGDParams
from advviz.data.two_classes import TwoClasses, reading
from advviz.experiments.features import LINEAR, NETWORKS, FeaturesSpec
from advviz.experiments.result import Result
from advviz.labs.features import (
    FIRST,
    FLIPPED,
    NEW,
    RANDOM,
    FeaturesParams,
    FeaturesResult,
    bugs_or_features,
)
from advviz.labs.learner import Learner
from advviz.labs.linear import LinearLearner
from advviz.labs.spread import spread
from advviz.labs.turns import Work, in_turns
from advviz.protocol import Progress
from advviz.threat_models import L2Ball, LinfBall

MEASURES = {
    "clean_accuracy": FIRST,
    "mislabelled_training": NEW,
    "control_random": RANDOM,
    "control_flipped": FLIPPED,
}
"""What the accuracies on clean test images are called, and whose each is."""
NOTHING = (
    "at eps {eps:g} the attack fooled too few images of {classes}: there is nothing to train the "
    "second classifier on; give a larger eps"
)
INTERVAL = "low and high are the lowest and the highest of the seeds"


def features(spec: FeaturesSpec, device: str = "cpu") -> Generator[Any, Any, Result]:
    """Read the images, and run the lab."""
    pool = yield from in_turns(_read(spec))
    ball = L2Ball(spec.eps) if spec.norm == "l2" else LinfBall(spec.eps)
    attack = PGDParams(
        step_size=spec.resolved_attack_step_size,
        steps=spec.attack_steps,
        early_stop=spec.early_stop,
        record="nothing",
    )
    params = FeaturesParams(
        learner=_learner(spec, device),
        threat=ball,
        attack=attack,
        seeds=spec.repetitions,
        controls=spec.controls,
    )
    found = yield from bugs_or_features(pool, params)
    return Result.of(_arrays(found), _facts(spec, found))


def _read(spec: FeaturesSpec) -> Work[TwoClasses]:
    source = reading(spec.data, spec.names, size=spec.size, limit=spec.limit)
    while True:
        try:
            done, total = next(source)
        except StopIteration as finished:
            pool: TwoClasses = finished.value
            return pool
        yield Progress("reading images", done, total)


def _learner(spec: FeaturesSpec, device: str) -> Learner:
    if spec.network == LINEAR:
        return LinearLearner(steps=spec.steps, lr=spec.resolved_lr)
    from advviz.labs.small_network import SmallLearner

    return SmallLearner(steps=spec.steps, lr=spec.resolved_lr or 0.0, device=device)


def _facts(spec: FeaturesSpec, found: FeaturesResult) -> dict[str, Any]:
    measured = {
        name: spread(found.accuracies.get(network, ())) for name, network in MEASURES.items()
    }
    measured |= {
        "fooled": spread(found.fooled),
        "kept": spread([float(kept) for kept in found.kept]),
        "distance": spread(found.distances),
        "mislabelled_validation": spread(found.validation),
    }
    used = sum(value is not None for value in found.accuracies[NEW])
    said = NOTHING.format(eps=spec.eps, classes=" and ".join(spec.names)) if not used else None
    return {
        **{name: each.as_dict() if each else None for name, each in measured.items()},
        "interval": INTERVAL,
        "seeds_used": used,
        "training_images": found.counts[0],
        "validation_images": found.counts[1],
        "test_images": found.counts[2],
        "said": said,
    }


def _arrays(found: FeaturesResult) -> dict[str, Any]:
    names = dict(zip(MEASURES.values(), NETWORKS, strict=True))
    arrays: dict[str, Any] = {
        f"weights {names[network]}": weights for network, weights in found.weights.items()
    }
    if found.examples is not None and len(found.examples.labels):
        some = found.examples
        arrays |= {
            "original": some.original,
            "adversarial": some.adversarial,
            "random": some.random,
            "labels": some.labels,
        }
    return arrays
