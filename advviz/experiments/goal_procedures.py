"""From the words of what is raised to the objectives that a drawing asks for; needs torch."""

from collections.abc import Generator, Sequence
from typing import Any

import torch
from torch import Tensor

from advviz.data import images
from advviz.errors import InvalidInputError
from advviz.experiments import units
from advviz.experiments.drawing import VisualizeSpec
from advviz.experiments.units import RANDOM, Term
from advviz.featurevis.activations import activations
from advviz.featurevis.diversity import Apart
from advviz.featurevis.goal import Goal
from advviz.featurevis.terms import Direction, Weighted
from advviz.models.records import ModelRecord
from advviz.objectives import LOGITS, Logit, Objective, Unit, pooled, towards


def goal(
    spec: VisualizeSpec, described: ModelRecord, device: str = "cpu"
) -> Generator[Any, Any, Goal]:
    """Make what every picture of a drawing is to raise: terms of one tap in one objective."""
    at: dict[str, list[tuple[Objective, float]]] = {}
    found = units.terms(spec.unit)
    for term in found:
        objective = yield from _objective(term, spec, described, device)
        at.setdefault(objective.tap, []).append((objective, term.weight))
    parts = tuple(_sum(each, spec.pictures, device) for each in at.values())
    apart = None
    if spec.pictures > 1:
        apart = Apart(told_apart_at(found, described), spec.diversity)
    return Goal(parts, apart)


def _sum(of: Sequence[tuple[Objective, float]], rows: int, device: str) -> Objective:
    """Add up; a single term of weight one stays as it is."""
    objectives, weights = zip(*of, strict=True)
    if weights == (1.0,):
        single: Objective = objectives[0]
        return single
    return Weighted(objectives, torch.tensor([weights], device=device).repeat(rows, 1))


def _objective(
    term: Term, spec: VisualizeSpec, described: ModelRecord, device: str
) -> Generator[Any, Any, Objective]:
    if term.what in units.DIRECTIONS:
        vector = yield from _vector(term, described, device)
        return Direction(term.layer, vector.repeat(spec.pictures, 1), term.what == "cosine")
    tap, index = units.parse_unit(f"{term.what}:{term.name}", described)
    wanted = torch.tensor([index] * spec.pictures, device=device)
    if tap != LOGITS:
        return Unit(tap, wanted)
    return towards(wanted) if spec.raises_probability else Logit(wanted)


def _vector(term: Term, described: ModelRecord, device: str) -> Generator[Any, Any, Tensor]:
    """Return the vector of a direction [1, C]."""
    width = described.layers[term.layer]
    if term.picture is not None:
        pixels = images.load(term.picture, described.input_size).pixels
        seen = torch.from_numpy(pixels.copy())[None].to(device)
        return pooled((yield from activations(seen, term.layer)), term.layer)
    if term.vector.startswith(RANDOM):
        # A generator of its own: the direction is the same for every picture and seed.
        drawn = torch.Generator().manual_seed(int(term.vector.removeprefix(RANDOM)) % 2**63)
        return torch.randn((1, width), generator=drawn).to(device)
    vector = torch.zeros(1, width)
    for unit, value in units.numbers_of(term.vector, width):
        vector[0, unit] += value
    return vector.to(device)


def told_apart_at(found: Sequence[Term], described: ModelRecord) -> str:
    """Name the layer where several pictures are told apart.

    That of the first channel or direction in a layer with positions; else the last but one
    layer that the model names.

    Raises:
        InvalidInputError: the model names no layer.
    """
    first = next((term.layer for term in found if term.layer), "")
    if first and first != described.penultimate:
        return first
    named = [layer for layer in described.layers if layer != described.penultimate]
    if not named:
        raise InvalidInputError(
            f"{described.id} names no layer in which pictures could be told apart; draw one"
        )
    return named[max(0, len(named) - 2)]
