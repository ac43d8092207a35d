"""Links of the pages: a page's spec and how it is shown, written and read back."""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache

from advviz.attacks.catalogue import attack_named
from advviz.data.two_classes import SOURCES
from advviz.errors import InvalidInputError
from advviz.experiments import links
from advviz.experiments.alike import AlikeSpec, attack_of
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.board import BoardSpec
from advviz.experiments.explainer_choice import FIRST, GRADIENT, SMOOTHGRAD
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.references import RESULT, made_by
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.fields import read, written
from advviz.ui.explanations_choice import SHOWN as EXPLAINED
from advviz.ui.explanations_choice import ExplanationChoice
from advviz.ui.measure import SHOWN as MEASURED
from advviz.ui.measure import Measure
from advviz.ui.setup import Setup
from advviz.ui.strengths import in_norm
from advviz.ui.view import View

SMALLEST_SHARED = (
    "image", "target", "attack", "options", "steps", "random_start", "restarts", "loss", "seed",
    "numerics",
)  # fmt: skip
"""Fields that the search for the smallest change has in common with the attack of a board."""

EXPLAIN_EXTRAS = ("objective", "seed", "numerics")
"""Fields that only the page of the maps has."""
SMOOTHGRAD_EXTRAS = ("sigma_unit", "magnitude")
"""The same, of SmoothGrad alone."""

PICTURES = ("original", "attacked")
ENOUGH = 19
"""Copies with random weights that a trust panel is shown with, where it is not a quick look."""
PREFIX = "show."


def spec_of(setup: Setup, kind: str) -> links.AnySpec:
    """The spec that a page's link carries."""
    if kind == "board":
        return setup.board
    if kind == "attack":
        return setup.attack(setup.model)
    if kind == "visualize":
        return setup.visualize
    if kind == "ladder":
        return setup.ladder
    if kind == "features":
        return setup.features
    if kind == LabTrainingSpec.kind:
        return setup.training
    if kind == "atlas":
        return setup.atlas(setup.board.robust)
    # The attacked picture brings its attack along; the page shows the original beside it.
    return setup.explain_on(setup.model, setup.explain_method, "attacked")


def to_query(setup: Setup, kind: str, shown: tuple[str, ...]) -> dict[str, str]:
    """The words of a page's link: its spec, and the fields of the view that it shows."""
    of = (setup.view, setup.measure, setup.explanations)
    return dict(_words(spec_of(setup, kind), of, shown))


@lru_cache(512)
def _words(
    spec: links.AnySpec, chosen: tuple[View, Measure, ExplanationChoice], shown: tuple[str, ...]
) -> dict[str, str]:
    of = {field.name: part for part in chosen for field in fields(part)}
    words = {PREFIX + name: written(getattr(of[name], name)) for name in shown}
    return links.to_query(spec) | words


def from_query(setup: Setup, words: Mapping[str, str]) -> Setup:
    """The set-up of a link; what the link does not say stays as it was.

    Raises:
        InvalidInputError: in one sentence, for anything that no link of ours says.
    """
    declared = {
        f.name: f.metadata for f in (*fields(View), *fields(Measure), *fields(ExplanationChoice))
    }
    values = {}
    for word, text in words.items():
        name = word.removeprefix(PREFIX)
        if word.startswith(PREFIX):
            if name not in declared:
                raise InvalidInputError(f"a link may say {PREFIX}{', '.join(declared)}, got {word}")
            values[name] = read(name, text, declared[name])
    measured = {name: values.pop(name) for name in MEASURED if name in values}
    explained = {name: values.pop(name) for name in EXPLAINED if name in values}
    setup = setup.with_view(**values).with_measure(**measured).with_explanations(**explained)
    rest = {word: text for word, text in words.items() if not word.startswith(PREFIX)}
    return adopted(setup, links.from_query(rest)) if rest else setup


def adopted(setup: Setup, spec: links.AnySpec) -> Setup:
    """The set-up in which a page shows a given spec, once its names have been looked up.

    Raises:
        InvalidInputError: a model, class or picture that there is not.
    """
    if isinstance(spec, BoardSpec):
        found = setup.with_shared(spec)
    elif isinstance(spec, LadderSpec):
        found = _with_ladder(setup, spec)
    elif isinstance(spec, AttackSpec):
        found = _with_attack(setup, spec)
    elif isinstance(spec, ExplainSpec):
        found = _with_maps(setup, spec)
    elif isinstance(spec, links.Lab):
        found = _with_lab(setup, spec)
    elif isinstance(spec, VisualizeSpec):
        found = replace(setup.with_model(spec.model), visualize=spec)
    elif isinstance(spec, SmallestSpec):
        found = _with_smallest(setup.with_model(spec.model), spec)
    elif isinstance(spec, DefencesSpec | SurfaceSpec | UnitsSpec):
        found = _with_attacked(setup, spec)
    elif isinstance(spec, links.Layer):
        found = _with_layer(setup, spec)
    else:
        raise InvalidInputError(f"no page shows a link of the kind {spec.kind}; open an attack")
    _look_up(found)
    return found


def _with_lab(setup: Setup, spec: links.Lab) -> Setup:
    if isinstance(spec, FeaturesSpec):
        return replace(setup, features=_on_a_page(spec))
    return replace(setup, training=spec)


def _on_a_page(spec: FeaturesSpec) -> FeaturesSpec:
    """Refuse a lab on a folder that its link names by a path: pages read the owner's alone."""
    if spec.data not in SOURCES:
        raise InvalidInputError(
            f"a page reads {', '.join(SOURCES)}, and no folder by its path; "
            "run it on the command line, or start the app with --images DIR"
        )
    _ = spec.names  # refuses what is not two
    return spec


def _with_layer(setup: Setup, spec: links.Layer) -> Setup:
    """The layer of an atlas, or of what its units answer to; a folder by its path is refused."""
    setup = setup.with_model(spec.model)
    if isinstance(spec, AtlasSpec):
        return replace(setup, layer=spec)
    layer = AtlasSpec(model=spec.model, layer=spec.layer)
    return replace(setup, layer=layer).with_view(pictures=spec.images)


def _with_attack(setup: Setup, spec: AttackSpec) -> Setup:
    setup = setup.with_model(spec.model)
    return setup.with_shared(setup.board.with_attack(spec))


def _with_smallest(setup: Setup, spec: SmallestSpec) -> Setup:
    """The attack of a search for the smallest change, at a strength that its norm has."""
    shared = {name: getattr(spec, name) for name in SMALLEST_SHARED}
    if spec.norm != setup.board.norm:
        shared |= in_norm(setup, spec.norm)
    if attack_named(spec.attack).minimal:
        shared["quantized"] = False
    return setup.with_board(**shared)


def _with_maps(setup: Setup, spec: ExplainSpec) -> Setup:
    """The page of the maps; of a comparison, with its drawer open.

    Where a comparison names no class, it is about the true one.
    """
    if not isinstance(spec, AlikeSpec):
        return _with_explanation(setup, spec)
    attack_of(spec.image, "maps that are compared")
    told = {f.name: getattr(spec, f.name) for f in fields(ExplainSpec)}
    found = _with_explanation(setup, ExplainSpec(**told)).with_view(opened="alike")
    return found.with_board(explained="true") if spec.explained == PREDICTED else found


def _with_attacked(setup: Setup, spec: DefencesSpec | SurfaceSpec | UnitsSpec) -> Setup:
    """The set-up of the attack whose picture an inquiry is about."""
    (made,) = made_by(spec.image) or (None,)
    if not isinstance(made, AttackSpec):
        raise InvalidInputError(
            "the page shows inquiries about attacked pictures; the link names another picture"
        )
    setup = _with_attack(setup, made)
    if not isinstance(spec, UnitsSpec):
        return setup
    return replace(setup.with_view(opened="units", layer=spec.layer), model=spec.model)


def _with_ladder(setup: Setup, spec: LadderSpec) -> Setup:
    _ = spec.rungs  # refuses a rung that is not on the ladder
    setup = setup.with_ladder(spec.family)
    return replace(setup.with_shared(spec.on(setup.board)), rung=spec.rung)


def _with_explanation(setup: Setup, spec: ExplainSpec) -> Setup:
    attacked = spec.image.startswith(RESULT)
    if isinstance(spec, TrustSpec):  # whose panel is open on the page of the map
        view = {
            "tested": PICTURES[attacked],
            "plainly": spec.method == GRADIENT,
            "quickly": spec.copies < ENOUGH,
        }
        return _with_explanation(setup, spec.judged).with_view(**view)
    if attacked:
        (made,) = made_by(spec.image)
        if not isinstance(made, AttackSpec):
            raise InvalidInputError(
                "this page explains photos and attacked photos; the link names a drawing"
            )
        setup = _with_attack(setup, made)
    else:
        setup = setup.with_model(spec.model).with_board(image=spec.image)
    roles = {PREDICTED: PREDICTED, setup.target: "target", setup.true_class: "true"}
    setup = setup.with_board(
        explained=roles.get(spec.explained, "true"),
        explained_image="attacked" if attacked else "original",
    )
    extras = {name: getattr(spec, name) for name in EXPLAIN_EXTRAS}
    if spec.seed == setup.board.seed:
        del extras["seed"]  # it follows the attack's
    if spec.method in FIRST:
        setup = setup.with_board(samples=spec.samples, sigma=spec.sigma)
        own = {name: getattr(spec, name) for name in SMOOTHGRAD_EXTRAS}
    else:
        own = {n: v for n, v in setup.explain_extras.items() if n in SMOOTHGRAD_EXTRAS}
    return replace(
        setup,
        model=spec.model,
        explain_method=SMOOTHGRAD if spec.method in FIRST else spec.method,
        explain_options=spec.options,
        explain_extras=extras | own,
        explained_class=None if spec.explained in roles else spec.explained,
    )


def _look_up(setup: Setup) -> None:
    if setup.board.image.startswith(RESULT):
        raise InvalidInputError(
            "the pages start from a gallery picture or an upload, got the result of an attack"
        )
    for name in (setup.board.standard, setup.board.robust, setup.model):
        setup.board.attack_on(name).resolved()
    setup.visualize.resolved()
    if setup.layer is not None:
        setup.layer.resolved()
