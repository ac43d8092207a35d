"""The golden results of every method, on a toy in float64.

A method that changes must raise its spec's `version`, for results are kept by it. After
that, `python tests/goldens.py` writes the new goldens; it refuses while a version is old.
"""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import explainer_toys
import torch
from catalogue_toys import CASES, begin
from explainer_toys import PURE
from rectified import transformer
from toys import Convolutional, built, labels, pictures

from advviz.attacks.catalogue import attacks
from advviz.attacks.defences import NAMES, defended
from advviz.attacks.eight_bit import saved
from advviz.attacks.loss_surface import loss_surface
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.random_noise import random_noise
from advviz.attacks.smallest import smallest
from advviz.evaluation.explanations.chunks import FiguresChunk
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.explainer_choice import FIRST
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, VisualizeSpec
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain import nulls
from advviz.explain.before_after import before_after
from advviz.explain.catalogue import explainers
from advviz.explain.disorder import entropy
from advviz.explain.faithfulness import CurveParams, insertion_deletion
from advviz.explain.gradient import gradient
from advviz.explain.infidelity import infidelity, square_changes
from advviz.explain.inside import VIT
from advviz.explain.replacements import replacement
from advviz.explain.sensitivity import nearby, sensitivity_max
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.explain.trust import averaged
from advviz.featurevis.activations import activations
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.atlas import atlas
from advviz.featurevis.diversity import Apart
from advviz.featurevis.fourier import FourierParams, fourier_ascent
from advviz.featurevis.goal import Goal
from advviz.featurevis.maco import MacoParams, maco
from advviz.featurevis.responses import responses
from advviz.featurevis.terms import Closeness, Weighted
from advviz.featurevis.turned_units import turned_units
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit, Probability, Unit, away_from, towards
from advviz.protocol import run
from advviz.threat_models import L2Ball, LinfBall

PATH = Path(__file__).with_name("goldens.json")
TOLERANCE = 1e-9
# Below 16 numbers torch draws one by one, in the same way on every processor.
IMAGES = pictures(2, (3, 2, 2))
TOKENS = pictures(2, (3, 8, 8))
CLASSES = labels(0, 2)
NOISE = Noise(7)
ACTIVATIONS = pictures(5, (6,), seed=2)


def measured() -> dict[str, dict[str, Any]]:
    """Compute every method's golden: its spec's version and its numbers."""
    network = Classifier(built(Convolutional))
    step = PGDParams(step_size=0.1, steps=5)
    starts = PGDParams(step_size=0.03, steps=5, random_start=True, restarts=2)
    found = {
        "pgd l2": (AttackSpec, pgd(IMAGES, away_from(CLASSES), L2Ball(0.3), step, noise=NOISE)),
        "pgd linf": (
            AttackSpec, pgd(IMAGES, towards(CLASSES, "margin"), LinfBall(0.1), starts, noise=NOISE)
        ),
        "pgd l2 random": (
            AttackSpec, pgd(IMAGES, towards(CLASSES, "logit"), L2Ball(0.3), starts, noise=NOISE)
        ),
        "pgd l2 in 8 bits": (AttackSpec, in_eight_bits(step)),
        "smallest": (SmallestSpec, smallest_change()),
        "loss surface": (SurfaceSpec, loss_surface(IMAGES[:1], IMAGES[1:], 3, noise=NOISE)),
        "defences": (DefencesSpec, defended_but_for_jpeg()),
        "gradient": (ExplainSpec, gradient(IMAGES, away_from(CLASSES))),
        "smoothgrad": (ExplainSpec, smooth("signed", "range")),
        "smoothgrad squared": (ExplainSpec, smooth("squared", "absolute")),
        "trust": (TrustSpec, trusted()),
        "random noise": (NoiseSpec, random_noise(IMAGES, L2Ball(0.3), 3, noise=NOISE)),
        "ascent": (
            VisualizeSpec,
            ascent(
                noise_images(IMAGES, NOISE), Unit("conv2", CLASSES),
                AscentParams(eps=1, step_size=0.2, steps=6), noise=NOISE,
            ),
        ),
        "atlas": (AtlasSpec, atlas(IMAGES[:1], "conv2", (4, 1), from_noise, rows=2, side=2)),
        "responses": (ResponsesSpec, responses(IMAGES, "conv2")),
        "maps before and after": (AlikeSpec, alike()),
        "turned units": (UnitsSpec, turned_units(*IMAGES.split(1), IMAGES, ACTIVATIONS, "conv2")),
        "fourier": (
            VisualizeSpec,
            fourier_ascent(IMAGES, Logit(CLASSES), FourierParams(steps=4), noise=NOISE),
        ),
        "maco": (VisualizeSpec, phases()),
        "sum at two taps, apart, in a region": (VisualizeSpec, several()),
        "inversion": (InvertSpec, inverted()),
    }  # fmt: skip
    measured = {
        name: {"version": spec.version, "values": numbers(run(procedure, network))}
        for name, (spec, procedure) in found.items()
    }
    return measured | catalogue() | maps() | insides() | figures()


def from_noise(rows: torch.Tensor, objective: Any) -> Any:
    """Begin the drawings of an atlas."""
    params = AscentParams(eps=1, step_size=0.2, steps=6)
    return ascent(noise_images(rows, NOISE), objective, params, noise=NOISE)


def catalogue() -> dict[str, dict[str, Any]]:
    """Compute the goldens of the attacks whose code is ours; the version is each attack's own."""
    network = Classifier(built(Convolutional, 5))  # targeted DLR needs four classes
    return {
        f"attack {name} {norm}": {
            "version": attacks()[name].version,
            "values": numbers(run(begin(name, norm, IMAGES, CLASSES), network)),
        }
        for name, norm in CASES
        if not attacks()[name].foreign
    }


def maps() -> dict[str, dict[str, Any]]:
    """Compute the goldens of the explainers that ask queries alone; the version is each one's own.

    The first two have those of their spec.
    """
    network = Classifier(built(Convolutional))
    words: dict[str, Any] = {"occlusion": {"window": 1, "stride": 1}}
    return {
        f"explainer {name}": {
            "version": explainers()[name].version,
            "values": numbers(run(of(name, words.get(name, {})), network)),
        }
        for name in PURE
        if name not in FIRST
    }


def insides() -> dict[str, dict[str, Any]]:
    """Compute the goldens of the explainers that look inside the network."""
    tokens = [name for name, entry in explainers().items() if entry.network == VIT]
    networks = {name: (Classifier(transformer()), TOKENS) for name in tokens}
    plain = (Classifier(built(Convolutional)), IMAGES)
    found = {}
    for name, entry in explainers().items():
        if entry.needs_module:
            network, images = networks.get(name, plain)
            procedure = entry.make(images, Logit(CLASSES), entry.params(), noise=NOISE)
            values = numbers(run(procedure, network))
            found[f"explainer {name}"] = {"version": entry.version, "values": values}
    return found


def figures() -> dict[str, dict[str, Any]]:
    """Compute the golden of what is measured of maps; the version is that of its pieces."""
    network, score = Classifier(built(Convolutional)), Logit(CLASSES)
    map_ = run(gradient(IMAGES, score), network).attributions[:, None]
    empty = replacement("mean", IMAGES, NOISE)
    told = CurveParams(steps=3)
    curves = run(insertion_deletion(IMAGES, map_, CLASSES, empty, told, noise=NOISE), network)
    changes = list(square_changes(IMAGES, empty, 3, noise=NOISE))
    near = list(nearby(IMAGES, 0.05, 2, noise=NOISE))
    values = [
        curves.insertion.softmax,
        curves.insertion.margin,
        curves.deletion.softmax,
        curves.deletion.margin,
        run(infidelity(IMAGES, map_, score, changes), network).unexplained,
        run(sensitivity_max(IMAGES, score, gradient, near), network),
    ]
    flat = [float(value) for each in values for value in each.flatten()]
    return {"figures of maps": {"version": FiguresChunk.version, "values": flat}}


def of(name: str, words: dict[str, Any]) -> Any:
    """Begin an explainer of the probability of a class."""
    return explainer_toys.begin(
        name, IMAGES, Probability(CLASSES), seed=7, shape=(3, 2, 2), **words
    )


def phases() -> Any:
    """Search phases; of pictures of 2 x 2 the magnitude leaves none, of 1 x 5 two a colour."""
    like = pictures(2, (3, 1, 5))
    kept = torch.fft.rfft2(like - like.mean((2, 3), keepdim=True)).abs().mean(0)
    params = MacoParams(steps=4, crops=2)
    found = yield from maco(like, Logit(CLASSES), kept, params, noise=NOISE)
    return found.drawn


def several() -> Any:
    """Raise a class and lower a channel, in the upper row, and push the pictures apart."""
    lowered = Weighted((Unit("conv2", CLASSES),), -0.5 * torch.ones(len(IMAGES), 1))
    region = torch.tensor([[1.0, 1.0], [0.0, 0.0]])[None, None]
    goal = Goal((Logit(CLASSES), lowered), Apart("conv", 0.5))
    params = AscentParams(eps=1, step_size=0.2, steps=4)
    return ascent(IMAGES, goal, params, noise=NOISE, region=region)


def inverted() -> Any:
    """Reach the features of the other picture."""
    wanted = yield from activations(IMAGES.flip(0), "conv")
    params = AscentParams(eps=4, step_size=0.2, steps=5, falling=True)
    found = yield from ascent(IMAGES, Closeness("conv", wanted), params, noise=NOISE)
    return found


def in_eight_bits(params: PGDParams) -> Any:
    """Begin an attack on one image whose file fools."""
    image, goal, ball = IMAGES[:1], away_from(CLASSES[:1]), L2Ball(0.3)
    return saved(image, goal, ball, pgd(image, goal, ball, params, noise=NOISE))


def smallest_change() -> Any:
    """Search the smallest change of one image."""
    image, goal = IMAGES[:1], towards(CLASSES[1:], "margin")

    def attack(ball: Any) -> Any:
        return pgd(image, goal, ball, PGDParams(step_size=ball.eps / 2, steps=5), noise=NOISE)

    found = yield from smallest(image, goal, "l2", attack, limit=3.0, tolerance=0.1)
    return found.found


def defended_but_for_jpeg() -> Any:
    """Try the defences whose pixels do not depend on the version of a library."""
    found = yield from defended(IMAGES, noise=NOISE)
    kept = [place for place, name in enumerate(NAMES) if "JPEG" not in name]
    return replace(found, pictures=found.pictures[:, kept], logits=found.logits[:, kept])


def alike() -> Any:
    """Compare gradients of two pictures; SSIM needs larger ones."""
    clean, attacked = IMAGES.split(1)

    def mapper(picture: torch.Tensor, index: int, _again: bool) -> Any:
        return (yield from gradient(picture, Logit(labels(index)))).attributions

    found = yield from before_after(
        clean, attacked, (0, 2), mapper, IMAGES, draws=3, is_random=False, noise=NOISE
    )
    compared = (found.pairs, found.noisy, found.photos, found.random)
    figures = [torch.cat([one.rank, one.signed_rank, one.overlap]) for one in compared]
    return SimpleNamespace(figures=torch.cat(figures))


def smooth(magnitude: Any, unit: Any) -> Any:
    """Begin a SmoothGrad of 10 samples."""
    params = SmoothGradParams(samples=10, sigma=0.2, sigma_unit=unit, magnitude=magnitude)
    return smoothgrad(IMAGES, away_from(CLASSES), params, noise=NOISE)


def trusted() -> Any:
    """Make what a trust panel compares: averaged maps, maps that know nothing, their disorder."""
    image, streams = IMAGES[:1], NOISE.streams(IMAGES[:1])

    def explain(images: Any, classes: Any, _seed: int) -> Any:
        found = yield from gradient(images, away_from(classes))
        return found.attributions

    found = yield from averaged(image, CLASSES[:1], explain, 6, 0.2, noise=NOISE)
    shifted, edges = nulls.shifted(found.whole, 2, streams), nulls.edges(image)
    made = (found.whole, found.first, found.second, shifted, edges, entropy(found.whole))
    return SimpleNamespace(attributions=torch.cat([each.flatten() for each in made]))


def numbers(result: Any) -> list[float]:
    """Return the main array of a result, flat."""
    for name in ("scores", "figures", "attributions", "images", "pictures", "logits", "maxima"):
        if hasattr(result, name):
            values: torch.Tensor = getattr(result, name)
            return [float(value) for value in values.flatten()]
    raise TypeError(f"no array is known of {type(result).__name__}")


def agree(one: list[float], other: list[float]) -> bool:
    """Compare to the tolerance."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(abs(a - b) <= TOLERANCE for a, b in pairs)


def complaint(name: str, golden: dict[str, Any], now: dict[str, Any]) -> str | None:
    """Say what is wrong with a method, or None."""
    if now["version"] != golden["version"]:
        return f"{name}: version {now['version']} has no golden yet; run python tests/goldens.py"
    if not agree(golden["values"], now["values"]):
        return f"{name} has changed: raise its spec's version, then run python tests/goldens.py"
    return None


def main() -> None:
    """Write the goldens of methods that are new or whose version was raised."""
    kept = json.loads(PATH.read_text()) if PATH.exists() else {}
    for name, now in measured().items():
        if name in kept and now["version"] <= kept[name]["version"]:
            said = complaint(name, kept[name], now)
            if said:
                raise SystemExit(said)
        else:
            kept[name] = now
    PATH.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
