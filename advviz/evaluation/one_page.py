"""The one-page report: an experiment as one HTML file that prints on one A4 page.

It needs no network and runs no script. The finding is one generated sentence, true whatever came
out; beside the anecdote stand the figures of many pictures, where they were measured.
"""

import json
import platform
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from advviz import __version__
from advviz.data import uploads
from advviz.evaluation import known_figures, one_page_parts
from advviz.evaluation.known_figures import Figures
from advviz.evaluation.one_page_evidence import Case, Results, attacked, needed
from advviz.evaluation.one_page_questions import case_of
from advviz.evaluation.repeat import versions
from advviz.experiments.links import AnySpec, to_flags, to_link, to_query
from advviz.experiments.references import RESULT
from advviz.models.model_record import ModelRecord
from advviz.models.records import record
from advviz.models.shelf import digest

__all__ = ["is_private", "needed", "report"]

CLOSED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the file may load: nothing."""


def is_private(spec: AnySpec) -> bool:
    """Say whether a report would show a picture that somebody brought."""
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
        with_picture: show a picture that somebody brought; those of the gallery always are.

    Raises:
        InvalidInputError: no report is made of an experiment of this kind.
    """
    case = case_of(spec, results)
    models = _models(spec, case)
    found = _population(spec, models)
    shows = with_picture or not is_private(spec)
    facts = _facts(spec, case, models, found, results)
    body = "".join(
        (
            one_page_parts.head(case, spec.kind),
            one_page_parts.evidence(case, shows=shows),
            "<div class='columns'><div>",
            one_page_parts.population(found),
            one_page_parts.price(found),
            one_page_parts.maps(case),
            "</div><div>",
            one_page_parts.limits(spec, is_attack=bool(attacked(spec))),
            one_page_parts.supplier(),
            "</div></div>",
            one_page_parts.repeat(facts, address),
        )
    )
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


def _models(spec: AnySpec, case: Case) -> tuple[ModelRecord, ...]:
    """Return the models of the report; those of a lone one are compared with no other."""
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
    return {
        "advviz": __version__,
        "finding": case.finding,
        "link": to_link(spec),
        "command": shlex.join(["advviz", *to_flags(spec)]),
        "experiment": to_query(spec),
        "seed": getattr(spec, "seed", None),
        "outcomes": [_told(one) for one in case.outcomes],
        "evidence": [
            {"model": row.model, "verdict": row.verdict, "detail": row.detail}
            for row in case.evidence
        ],
        "population": [
            {"model": one.model, "n": one.n, "clean": dict(one.clean), "robust": dict(one.robust),
             "attack": dict(one.attack), "command": one.command}
            for one in found
        ],
        "weights_sha256": {described.id: digest(described) for described in models},
        "picture": _picture(spec),
        "numerics": sorted({str(r.facts.get("numerics", "reference")) for r in results.values()}),
        "python": platform.python_version(),
        "libraries": versions(),
    }  # fmt: skip


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
    """Name the picture; of a made one, that of which it was made."""
    made: Any = next(iter(attacked(spec)), None) if _is_made(spec) else None
    return str(getattr(made or spec, "image", "noise"))


def _is_made(spec: Any) -> bool:
    return str(getattr(spec, "image", "")).startswith(RESULT)
