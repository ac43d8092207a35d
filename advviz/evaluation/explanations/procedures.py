"""What the pieces of a benchmark of explanations ask of a network."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import InvalidInputError
from advviz.evaluation.explanations.chunks import (
    ANSWER,
    AlignmentChunk,
    AnswersChunk,
    FiguresChunk,
    MapsChunk,
)
from advviz.evaluation.explanations.metrics import NULLS, SLOPE, TOWARDS_OTHERS
from advviz.evaluation.explanations.nulls import null_map
from advviz.evaluation.explanations.plan import params_of
from advviz.evaluation.procedures import loaded
from advviz.experiments.reference_pictures import reference_pictures
from advviz.experiments.result import Result
from advviz.explain.alignment import cosine, spectrum_slope
from advviz.explain.catalogue import explainer_named
from advviz.explain.curves import normalized_areas
from advviz.explain.faithfulness import CurveParams, insertion_deletion
from advviz.explain.gradient import Explanation, gradient
from advviz.explain.infidelity import infidelity, square_changes
from advviz.explain.replacements import replacement
from advviz.explain.sensitivity import RADIUS, Explain, nearby, sensitivity_max
from advviz.explain.similarity import amounts, rank_correlation
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import Logit, Objective
from advviz.protocol import Answer, Call, Procedure, Query

Steps = Generator[Any, Any, Result]

PER_PIXEL_VALUE = frozenset({"gradient", "smoothgrad", "guided-backprop", "guided-grad-cam"})
"""Methods whose maps are in units of score per pixel value. Those of all others are shares of
the score, already multiplied with what the pixel holds; infidelity weighs the two differently."""


def answers(chunk: AnswersChunk, device: str) -> Steps:
    """Ask for the logits of a block."""
    images = loaded(chunk.block, device)
    answer: Answer = yield Query(images, gradient=False, exact=True)
    return Result.of({"logits": answer.logits.cpu()}, {})


def maps(chunk: MapsChunk, answered: Result, device: str) -> Steps:
    """Explain a block; a method that does not take the network says so in place of its maps."""
    images = loaded(chunk.answers.block, device)
    classes = _classes(chunk, answered, images)
    try:
        explained = explain_by(chunk, device)(images, Logit(classes))
        found: Explanation = yield from refusing(explained)
    except InvalidInputError as error:
        return Result.of({}, {"refused": str(error)})
    return Result.of({"maps": found.attributions.float().cpu(), "classes": classes.cpu()}, {})


@dataclass(frozen=True, slots=True)
class _Refused:
    """What a call brings back that does not take the network."""

    error: InvalidInputError


def refusing(procedure: Procedure[Explanation]) -> Procedure[Explanation]:
    """Raise inside a procedure what its calls refuse, so that it can be caught there.

    Whoever runs a call ends the whole job with its error; here it is a result like another.
    """
    reply: Any = None
    while True:
        try:
            refused = isinstance(reply, _Refused)
            request = procedure.throw(reply.error) if refused else procedure.send(reply)
        except StopIteration as finished:
            found: Explanation = finished.value
            return found
        reply = yield _guarded(request) if isinstance(request, Call) else request


def _guarded(call: Call) -> Call:
    def function(module: nn.Module) -> Any:
        try:
            return call.function(module)
        except InvalidInputError as error:
            return _Refused(error)

    return Call(function, call.progress)


def _classes(chunk: MapsChunk, answered: Result, images: Tensor) -> Tensor:
    """Return the classes that maps are about, int64 [N]."""
    logits = torch.from_numpy(answered.arrays["logits"].copy()).to(images.device)
    own = logits.argmax(1)
    if chunk.about == ANSWER:
        return own
    count = logits.shape[1]
    drawn = Noise(chunk.seed).streams(images).uniform("other class").flatten()
    return (own + 1 + (drawn * (count - 1)).long()) % count


def explain_by(chunk: MapsChunk, device: str) -> Explain:
    """Return the method of some maps, to be begun on any images."""
    noise = Noise(chunk.seed)
    if chunk.explainer in NULLS:

        def nothing(images: Tensor, objective: Objective) -> Procedure[Explanation]:
            del objective
            drawn = null_map(chunk.explainer, images, noise, f"{chunk.model} {chunk.about}")
            return _without_asking(drawn)

        return nothing
    described = explainer_named(chunk.explainer)
    size = record(chunk.model).input_size
    params = params_of(chunk.explainer, chunk.options).resolved(size)
    words: dict[str, Any] = {"noise": noise}
    if described.references:
        words["references"] = torch.from_numpy(reference_pictures(size).copy()).to(device)

    def method(images: Tensor, objective: Objective) -> Procedure[Explanation]:
        return described.make(images, objective, params, **words)

    return method


def _without_asking(drawn: Tensor) -> Procedure[Explanation]:
    """Return a map that needs no network, as a procedure that asks nothing."""
    yield from ()
    return Explanation(drawn, drawn.new_zeros(len(drawn)), drawn.new_zeros(len(drawn), 0))


def figures(chunk: FiguresChunk, results: Sequence[Result], device: str) -> Steps:
    """Measure the maps of a block in every way."""
    _, own, other, *random = results
    if "refused" in own.facts:
        return Result.of({}, {"refused": own.facts["refused"]})
    images = loaded(chunk.own.answers.block, device)
    found = torch.from_numpy(own.arrays["maps"].copy()).to(images)
    classes = torch.from_numpy(own.arrays["classes"].copy()).to(device)
    arrays = yield from _curves(chunk, images, found, classes)
    arrays["infidelity"] = yield from _infidelity(chunk, images, found, classes)
    near = list(nearby(images, RADIUS, chunk.neighbours, noise=Noise(chunk.seed)))
    arrays["sensitivity"] = yield from sensitivity_max(
        images, Logit(classes), explain_by(chunk.own, device), near
    )
    arrays["randomization"] = images.new_full((len(images),), torch.nan)
    for name, result in (("random-logit", other), *(("randomization", each) for each in random)):
        compared = torch.from_numpy(result.arrays["maps"].copy()).to(images)
        arrays[name] = rank_correlation(amounts(found), amounts(compared))
    return Result.of({name: values.double().cpu() for name, values in arrays.items()}, {})


def _curves(
    chunk: FiguresChunk, images: Tensor, found: Tensor, classes: Tensor
) -> Procedure[dict[str, Tensor]]:
    """Measure insertion and deletion with every replacement, [R, N] by metric."""
    noise = Noise(chunk.seed)
    params = CurveParams(steps=chunk.steps, ranked=chunk.ranked)  # type: ignore[arg-type]
    areas: dict[str, list[Tensor]] = {}
    for name in chunk.replacements:
        empty = replacement(name, images, noise)
        curves = yield from insertion_deletion(
            images, found.expand_as(images)[:, None], classes, empty, params, noise=noise
        )
        for metric, area in normalized_areas(curves):
            areas.setdefault(metric.replace(" ", "-"), []).append(area[:, 0])
    return {metric: torch.stack(each) for metric, each in areas.items()}


def _infidelity(
    chunk: FiguresChunk, images: Tensor, found: Tensor, classes: Tensor
) -> Procedure[Tensor]:
    """Measure the share of the changes that maps do not predict [N]."""
    noise = Noise(chunk.seed)
    empty = replacement(chunk.replacements[0], images, noise)
    multiplied = (chunk.own.explainer not in PER_PIXEL_VALUE,)
    changes = list(square_changes(images, empty, chunk.changes, noise=noise, multiplied=multiplied))
    measured = yield from infidelity(
        images, found.expand_as(images)[:, None], Logit(classes), changes
    )
    return measured.unexplained[:, 0]


def alignment(chunk: AlignmentChunk, device: str) -> Steps:
    """Take the spectrum of each gradient, and its angle to the nearest image of another class."""
    images, near = loaded(chunk.block, device), loaded(chunk.near, device)
    own = torch.tensor(chunk.labels, device=device)
    other = torch.tensor(chunk.near_labels, device=device)
    of_own: Explanation = yield from gradient(images, Logit(own))
    of_other: Explanation = yield from gradient(images, Logit(other))
    rise = of_other.attributions - of_own.attributions
    arrays = {
        SLOPE: spectrum_slope(of_own.attributions).cpu(),
        TOWARDS_OTHERS: cosine(rise, near - images).cpu(),
    }
    return Result.of(arrays, {})
