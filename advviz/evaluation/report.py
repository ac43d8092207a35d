"""The report of an evaluation: one HTML file that needs no network, with everything inside."""

import csv
import io
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from advviz.evaluation import charts, figures, report_parts
from advviz.evaluation.chart_looks import Chart
from advviz.evaluation.plan import Budget
from advviz.evaluation.report_parts import Example
from advviz.evaluation.statement import stated
from advviz.evaluation.summary import per_image, summarized
from advviz.evaluation.tally import Tally
from advviz.models.records import record

INSIDE = 6 * 2**20
"""Bytes of a table of images up to which it is put into the report."""
NOT_SHOWN = (
    "An accuracy under attack is an upper bound: a stronger attack can only lower it.",
    "It holds for these images, these norms and these eps; other images, other norms, turned, "
    "blurred or printed pictures were not measured.",
    "No red flag is no proof: it says that seven known signs of a failed attack were looked for.",
)


def as_json(tally: Tally) -> str:
    """Return the figures as JSON."""
    return json.dumps(summarized(tally), indent=2, allow_nan=False) + "\n"


def as_csv(tally: Tally) -> str:
    """Return one line an image, model, attack and budget."""
    lines = per_image(tally)
    buffer = io.StringIO()
    if lines:
        writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return buffer.getvalue()


def headline(tally: Tally) -> str:
    """Say the finding in one sentence, whatever it is."""
    plan = tally.work.plan
    budget = plan.middle(plan.norms[0])
    said = []
    for model in plan.models:
        share = figures.worst(tally, model, budget).share
        if share is not None:
            low, high = share.interval
            said.append(
                f"{record(model).title} keeps {share.value:.1%} of {share.n} images "
                f"(95% interval {low:.1%} to {high:.1%})"
            )
    attacks = ", ".join(attack.name for attack in plan.attacks_in(budget.norm))
    if not said:
        return "Nothing has been measured yet."
    return f"At {budget}, under the worst of {attacks}: " + "; ".join(said) + "."


def html(tally: Tally, examples: Sequence[Example] = ()) -> str:
    """Write the report.

    Args:
        tally: what was measured.
        examples: pictures to show.
    """
    work = tally.work
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in stated(work).items()
    )
    drawn = _drawings(tally)
    sections = [
        f"<h1>Robustness report</h1><p class='finding'>{escape(headline(tally))}</p>",
        _section(
            "Standard against robust" if _both_kinds(tally) else "Accuracy over eps", drawn[0]
        ),
        _section("Red flags", report_parts.flags(tally)),
        _section("What was measured", f"<dl>{told}</dl>"),
        _section("Accuracies", report_parts.accuracies(tally)),
        *(_section(title, body) for title, body in drawn[1]),
        _section("Pictures", report_parts.pictures(examples)) if examples else "",
        _section("By class", report_parts.classes(tally)),
        _section("What this does not show", "".join(f"<p>{escape(s)}</p>" for s in NOT_SHOWN)),
        _section("Repeat it", report_parts.repeat(tally, _downloads(tally))),
    ]
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>advviz: robustness report</title><style>{_asset('report.css')}</style>"
        f"<script>{_plotly()}</script></head><body><main>{''.join(sections)}</main>"
        f"<script>{_asset('report.js')}</script></body></html>\n"
    )


def _drawings(tally: Tally) -> tuple[str, list[tuple[str, str]]]:
    """Return the leading charts, and the others with their titles."""
    leading, others = "", []
    for norm in tally.work.plan.norms:
        leading += _chart(
            charts.accuracy_over_eps(tally, norm),
            "Large: the worst case per sample, with 95% Wilson intervals; small: each attack. "
            "At eps 0, the accuracy without an attack. Click a point for the images behind it.",
            behind=_behind(tally, norm),
        )
        searched = any(attack.minimal for attack in tally.work.plan.attacks_in(norm))
        by = "as attacks that search for it found it" if searched else "on the grid of the plan"
        others.append(
            (
                "The smallest change that fools",
                _chart(
                    charts.smallest_eps(tally, norm),
                    f"Of the images that are right as they are, {by}; a smaller one may exist.",
                ),
            )
        )
        others.append(
            (
                "Attack strength against defence effect",
                _chart(
                    charts.strength_and_effect(tally, norm),
                    "How far the image found is away, and how much the class probabilities "
                    "changed: each image, and the mean of each attack and eps. An attack stops "
                    "once an image is fooled.",
                ),
            )
        )
    matrix = charts.transfer_matrix(tally)
    if matrix is not None:
        caption = "Share of images that fool the column's model, made on the row's."
        others.append(("Transfer between the models", _chart(matrix, caption)))
    return leading, others


def _both_kinds(tally: Tally) -> bool:
    return len({record(model).is_robust for model in tally.work.plan.models}) == 2


def _behind(tally: Tally, norm: str) -> dict[str, Any]:
    """Return, for every point of the accuracy chart, the rows of the images behind it."""
    plan = tally.work.plan
    found = {}
    for model in plan.models:
        for attack in (None, *(each.name for each in plan.attacks_in(norm))):
            for eps in plan.radii(norm):
                rows = figures.behind(tally, model, attack, Budget(norm, eps))
                found[f"{model}|{attack or ''}|{eps!r}"] = {k: v for k, v in rows.items() if v}
    return {"names": tally.work.names, "points": found}


def _chart(chart: Chart, caption: str, behind: dict[str, Any] | None = None) -> str:
    data = {**chart, "behind": behind}
    return (
        f"<figure><div class='chart'><script type='application/json'>{_inline(data)}</script>"
        f"</div><figcaption>{escape(caption)}</figcaption><div class='behind'></div></figure>"
    )


def _inline(data: Any) -> str:
    """Write JSON that no browser takes for the end of its element."""
    return json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _downloads(tally: Tally) -> dict[str, str]:
    """Return the figures, and the table of images unless it is large."""
    found = {"figures.json": as_json(tally)}
    images = as_csv(tally)
    if len(images) <= INSIDE:
        found["images.csv"] = images
    return found


def _asset(name: str) -> str:
    return files("advviz.evaluation").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    """Return plotly's library, which is put into the file once."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")
