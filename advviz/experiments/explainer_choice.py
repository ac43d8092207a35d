"""Which explainer an experiment uses, and what it is told, as fields of a spec.

SmoothGrad has its parameters in fields of their own, as links had them from the beginning; the
gradient has none. Those of every other explainer of the catalogue stand together in one field,
`options`, in full; see `experiments.options`.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from advviz.errors import InvalidInputError
from advviz.experiments.options import read_options, written_options
from advviz.experiments.reference_pictures import references_key
from advviz.explain import parameters
from advviz.explain.catalogue import explainer_named, explainers
from advviz.fields import added, choice, text
from advviz.models.records import ModelRecord

GRADIENT, SMOOTHGRAD = "gradient", "smoothgrad"
FIRST = (GRADIENT, SMOOTHGRAD)
"""Explainers that a spec's own fields tell everything."""
SMOOTHGRAD_FIELDS = tuple(field.name for field in fields(parameters.SmoothGrad))
"""Fields of a spec that belong to SmoothGrad alone."""


def method() -> Any:
    """Declare which explainer makes the map."""
    return choice(GRADIENT, tuple(explainers()), "saliency method")


def options() -> Any:
    """Declare what an explainer other than the first two is told."""
    words = (
        "parameters of a method other than gradient and smoothgrad, as name=value, by comma; "
        "empty: the defaults"
    )
    return added(text(words, default=""), absent="")


def settle(spec: Any) -> None:
    """Write the options of a new spec in full, and clear what its explainer does not look at.

    So specs that mean the same are equal.

    Raises:
        InvalidInputError: options that the explainer does not have; in one sentence.
    """
    if spec.method in FIRST:
        if spec.options:
            raise InvalidInputError(
                f"options must be empty for {spec.method}, whose parameters have fields of their "
                f"own, got {spec.options!r}"
            )
        return
    object.__setattr__(spec, "options", written_options(params_of(spec)))  # frozen from here on
    if explainer_named(spec.method).score == "logit":
        object.__setattr__(spec, "objective", "logit")
    for field in fields(spec):
        if field.name in SMOOTHGRAD_FIELDS:
            object.__setattr__(spec, field.name, field.default)


def params_of(spec: Any) -> Any:
    """Return the parameters of a spec's explainer, as the catalogue declares them."""
    if spec.method == SMOOTHGRAD:
        return parameters.SmoothGrad(**{name: getattr(spec, name) for name in SMOOTHGRAD_FIELDS})
    return read_options(spec.method, explainer_named(spec.method).params, spec.options)


def score_of(spec: Any) -> str:
    """Name the score that a spec's map explains, in words."""
    score = explainer_named(spec.method).score
    return spec.objective if spec.objective == "logit" or score == "loss" else score


def resolved(spec: Any, described: ModelRecord) -> dict[str, Any]:
    """Return what the map depends on besides picture, class and score.

    Of the first two explainers as it was when there was no other.
    """
    if spec.method == GRADIENT:
        return {}
    drawn = {"seed": spec.seed, "numerics": spec.numerics}
    if spec.method == SMOOTHGRAD:
        return {name: getattr(spec, name) for name in SMOOTHGRAD_FIELDS} | drawn
    explainer = explainer_named(spec.method)
    told = written_options(params_of(spec).resolved(described.input_size))
    values = {"method version": explainer.version, "score": explainer.score, "options": told}
    if explainer.references:
        values["references"] = references_key(described.input_size)
    used = {"seed": explainer.random, "numerics": not explainer.exact}
    return values | {name: value for name, value in drawn.items() if used[name]}


def flat(spec: Any) -> Iterator[tuple[str, Any]]:
    """List the fields of a spec with their values; instead of options, single parameters."""
    unused = ("options",) if spec.method in FIRST else ("options", *SMOOTHGRAD_FIELDS)
    names = [field.name for field in fields(spec) if field.name not in unused]
    yield from ((name, getattr(spec, name)) for name in names)
    if spec.method not in FIRST:
        params = params_of(spec)
        yield from ((field.name, getattr(params, field.name)) for field in fields(params))
