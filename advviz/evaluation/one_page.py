"""The one-page report: an experiment as one HTML file that prints on one A4 page.

It needs no network and runs no script. The finding is one generated sentence, true whatever came
out; beside the anecdote stand the figures of many pictures, where they were measured.
"""

import json
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.resources import files
from typing import Any

from advviz import __version__
from advviz.data import cifar10, two_classes, uploads
from advviz.data.picture_sets import GALLERY, OWNERS
from advviz.evaluation import known_figures, one_page_labs, one_page_parts
from advviz.evaluation.known_figures import Figures
from advviz.evaluation.one_page_evidence import Case, Results, attacked, needed
from advviz.evaluation.one_page_questions import case_of
from advviz.evaluation.repeat import versions
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.lab_training import CIFAR10, LabTrainingSpec
from advviz.experiments.links import AnySpec, Lab, to_flags, to_link, to_query
from advviz.experiments.references import RESULT
from advviz.experiments.responses import ResponsesSpec
from advviz.models.model_record import ModelRecord
from advviz.models.records import record
from advviz.models.shelf import digest

__all__ = ["is_private", "needed", "report"]

CLOSED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the file may load: nothing."""


def is_private(spec: AnySpec) -> bool:
    """Say whether a report would show a picture that somebody brought, or one of a folder."""
    if isinstance(spec, FeaturesSpec | ResponsesSpec):
        return spec.is_personal
    if isinstance(spec, LabTrainingSpec):  # a folder may stand in the place of the data set
        return spec.data == CIFAR10 and cifar10.picture_folder() is not None
    named = (getattr(spec, "image", ""), getattr(spec, "start", ""))
    return any(uploads.PREFIX in name or "sha256%3A" in name for name in named)


def report(
    spec: AnySpec,
    results: Results,
    *,
    address: str = "",
    with_picture: bool = False,
) -> str:
    """Write the report of an experiment.

    Args:
        spec: the experiment, or a group of them.
        results: of all that `needed(spec)` lists.
        address: of the app, which the link then opens; without it the link is words alone.
        with_picture: show pictures that somebody brought, or those of a folder; those that come
            with advviz, and those of CIFAR-10, always are.
    """
    case = case_of(spec, results)
    models = _models(spec, case)
    found = () if isinstance(spec, Lab) else _population(spec, models)
    shows = with_picture or not is_private(spec)
    facts = _facts(spec, case, models, found, results)
    if case.lab is None:
        middle = _of_pictures(spec, case, found, shows=shows)
    else:
        middle = one_page_labs.middle(case.lab, shows=shows)
    last = one_page_parts.repeat(facts, address)
    body = f"{one_page_parts.head(case, spec.kind)}{middle}{last}"
    inside = json.dumps(facts, allow_nan=False).replace("<", "\\u003c")
    dense = " class='dense'" if one_page_parts.is_dense(case) else ""
    style = files("advviz.evaluation").joinpath("one_page.css").read_text(encoding="utf-8")
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{CLOSED}">'
        "<meta name='viewport' content='width=device-width'>"
        f"<title>advviz: one-page report</title><style>{style}</style></head>"
        f"<body><main{dense}>{body}</main>"
        f"<script type='application/json' id='advviz-report'>{inside}</script></body></html>\n"
    )


def _of_pictures(spec: AnySpec, case: Case, found: Sequence[Figures], *, shows: bool) -> str:
    """Give what is known of an experiment on one picture, and of its networks on many."""
    return "".join(
        (
            one_page_parts.evidence(case, shows=shows),
            "<div class='columns'><div>",
            one_page_parts.population(found),
            one_page_parts.price(found),
            one_page_parts.maps(case),
            "</div><div>",
            one_page_parts.limits(spec, is_attack=bool(attacked(spec))),
            one_page_parts.supplier(),
            "</div></div>",
        )
    )


def _models(spec: AnySpec, case: Case) -> tuple[ModelRecord, ...]:
    """Return the models of the report; those of a lone one are compared with no other.

    A lab trains networks of its own, of which no record tells.
    """
    if isinstance(spec, Lab):
        return ()
    named = [row.model for row in case.evidence] or [getattr(spec, "model", "")]
    return tuple(record(model) for model in dict.fromkeys(named))


def _population(spec: AnySpec, models: Sequence[ModelRecord]) -> tuple[Figures, ...]:
    """Return the figures of the models under the measured attack nearest to the experiment's."""
    made = next(iter(attacked(spec)), None)
    norm = made.norm if made is not None else getattr(spec, "norm", "l2")
    eps = made.eps if made is not None else getattr(spec, "eps", 1.0)
    return known_figures.compared(models, norm, eps if isinstance(eps, float) else 1.0)


def _facts(
    spec: AnySpec,
    case: Case,
    models: Sequence[ModelRecord],
    found: Sequence[Figures],
    results: Results,
) -> dict[str, Any]:
    """Return everything as JSON has it: what was asked, what came out, how to repeat it."""
    told = _without_path(spec)
    return {
        "advviz": __version__,
        "finding": case.finding,
        "link": to_link(told),
        "command": shlex.join(["advviz", *to_flags(told)]),
        "experiment": to_query(told),
        "seeds": [] if case.lab is None else list(case.lab.seeds),
        "seed": getattr(spec, "seed", None),
        "outcomes": [_told(one) for one in case.outcomes],
        "evidence": [
            {"model": row.model, "verdict": row.verdict, "detail": row.detail}
            for row in case.evidence
        ] if case.lab is None else [asdict(bar) for bar in case.lab.bars],
        "measured": dict(results[spec].facts) if isinstance(spec, Lab) else {},
        "population": [
            {"model": one.model, "n": one.n, "clean": dict(one.clean), "robust": dict(one.robust),
             "attack": dict(one.attack), "command": one.command}
            for one in found
        ],
        "weights_sha256": {described.id: digest(described) for described in models},
        "picture": _picture(told),
        "numerics": sorted({str(r.facts.get("numerics", "reference")) for r in results.values()}),
        "python": platform.python_version(),
        "libraries": versions(),
    }  # fmt: skip


def _without_path(spec: AnySpec) -> AnySpec:
    """Put a word in the place of a folder's path, which tells strangers of a machine."""
    if isinstance(spec, FeaturesSpec) and spec.data not in two_classes.SOURCES:
        return replace(spec, data="FOLDER")
    if isinstance(spec, ResponsesSpec) and spec.images not in (GALLERY, OWNERS):
        return replace(spec, images="FOLDER")
    return spec


def _told(one: Any) -> dict[str, Any]:
    return {
        "model": one.model,
        "kind": one.kind,
        "right": one.right,
        "target": one.target,
        "before": _answer(one.before),
        "after": _answer(one.after),
        "eight_bit": {**_answer(one.eight_bit), "kind": one.judged(one.eight_bit)},
    }


def _answer(of: Any) -> Mapping[str, Any]:
    return {"label": of.label, "confidence": of.confidence}


def _picture(spec: AnySpec) -> str:
    """Name the picture; of a made one, that of which it was made; of a lab, its data."""
    if isinstance(spec, Lab):
        return spec.data
    made: Any = next(iter(attacked(spec)), None) if _is_made(spec) else None
    return str(getattr(made or spec, "image", "noise"))


def _is_made(spec: Any) -> bool:
    return str(getattr(spec, "image", "")).startswith(RESULT)
