"""What the page "Explanations measured" shows of a table: verdicts, chart, numbers, alignment."""

from collections.abc import Iterator
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.evaluation.explanations.as_text import written
from advviz.evaluation.explanations.metrics import BY_KEY, METRICS, NULLS
from advviz.evaluation.explanations.table import Table, titles
from advviz.evaluation.explanations.verdicts import (
    FAILS,
    PASSES,
    SENTENCES,
    UNSURE,
    of_dict,
)
from advviz.models.records import record
from advviz.ui import components
from advviz.ui.explanations_chart import chart, rows_of
from advviz.ui.figures import accent, behind, rich, show, table
from advviz.ui.language import quote, say, term
from advviz.ui.words import ROW, title_of


def draw(place: DeltaGenerator, found: Table, key: str, times: int = 0) -> None:
    """Draw a measure: what it is, its verdicts, the chart, the numbers behind; then alignment.

    Args:
        place: where; what was there goes.
        found: what is known.
        key: of the metric.
        times: that it was drawn before in this run: the same chart cannot be there twice.
    """
    with place.container():
        st.html(show(f"<p>{rich(term(BY_KEY[key].meaning))}</p>{judgements(found, key)}"))
        drawn = chart(found, key)
        if drawn:
            components.drawing(drawn, f"av.explanations.chart.{key}.{times}")
        st.html(show("".join(_numbers(found, key))))
        st.html(show(overview(found)))
        st.html(show("".join(_aligned(found))))


STYLES = {FAILS: "av-fooled", PASSES: "av-held"}


def judgements(found: Table, key: str) -> str:
    """Say for every model whether the measure can be believed there."""
    pieces = []
    for verdict in found["verdicts"]:
        if verdict["metric"] == key:
            described = record(verdict["model"])
            mark = ROW[described.is_robust][0]
            style = STYLES.get(verdict["verdict"], "")
            pieces.append(
                f'<section class="av-row {accent(described)}"><div class="av-strip">'
                f'<span class="av-name"><span class="av-mark">{mark}</span> '
                f"{rich(title_of(described))}</span>"
                f'<span class="av-verdict {style}">{rich(in_short(verdict))}</span></div>'
                f"<p>{rich(said(verdict))}</p></section>"
            )
    return "".join(pieces)


def said(verdict: dict[str, Any]) -> str:
    """Write a verdict in the reader's language, from its figures."""
    model = verdict["model"]
    named = {key: term(title) for key, title in titles(()).items()}
    named |= {model: title_of(record(model))}
    rebuilt = of_dict(verdict)
    return say(SENTENCES[rebuilt.kind], **rebuilt.places(named))


def overview(found: Table) -> str:
    """Say of all measures at once where each can be believed."""
    models = list(found["weights"])
    by_place = {(v["metric"], v["model"]): v for v in found["verdicts"]}
    rows = [
        [term(metric.title), *(in_short(by_place[metric.key, model]) for model in models)]
        for metric in METRICS
    ]
    head = [say("measure"), *(title_of(record(model)) for model in models)]
    return f"<h3>{rich(say('Which measures can be believed here'))}</h3>{table(head, rows)}"


def in_short(verdict: dict[str, Any]) -> str:
    """Write a verdict in a few words."""
    named = {key: term(title).lower() for key, title in NULLS.items()}
    if verdict["verdict"] == FAILS:
        return say("⚑ fails: the {null} ranks first", null=named[verdict["best_null"]])
    words = {
        UNSURE: say("? not enough to tell"),
        PASSES: say("✓ a method ranks first, beyond chance"),
    }
    return words.get(verdict["verdict"], "–")


def _numbers(found: Table, key: str) -> Iterator[str]:
    """Write the figures of a measure, and then of all, as tables on request."""
    models = list(found["weights"])
    head = [say("method"), *(title_of(record(model)) for model in models)]
    rows = [
        [row.title, *(written(row.figures.get(model)) for model in models)]
        for row in rows_of(found, key)
    ]
    differences = {
        (d["method"], d["standard"], d["robust"]): d["difference"]
        for d in found["robust_minus_standard"]
        if d["metric"] == key
    }
    pairs = list(dict.fromkeys(places[1:] for places in differences))
    if len(pairs) == 1:  # of more, columns would not fit
        head.append(say("robust − standard"))
        of = [row.method for row in rows_of(found, key)]
        for method, cells in zip(of, rows, strict=True):
            cells.append(written(differences[(method, *pairs[0])]))
    yield behind(say("As a table"), table(head, rows))
    yield behind(say("All measures as a table"), _everything(found))
    refused = {row["method"]: row["refused"] for row in found["rows"] if row["refused"]}
    named = titles(())
    for method, why in refused.items():
        line = f"{term(named[method])}: {quote(why)}"
        yield f'<p class="av-quiet">{rich(line)}</p>'


def _everything(found: Table) -> str:
    named = titles(())
    head = [say("model"), say("method"), *(term(metric.title) for metric in METRICS)]
    rows = [
        [
            title_of(record(row["model"])),
            term(named[row["method"]]),
            *(written(row["figures"][metric.key]) for metric in METRICS),
        ]
        for row in found["rows"]
    ]
    return table(head, rows)


def _aligned(found: Table) -> Iterator[str]:
    """Write the figures of the plain gradient: does it look like pictures, and point to them?"""
    models = list(found["weights"])
    yield f"<h3>{rich(say('The plain gradient, and pictures'))}</h3>"
    rows = []
    for figure in found["alignment"]:
        cells = [written(figure["models"].get(model)) for model in models]
        differences = figure["robust_minus_standard"]
        rows.append(
            [
                term(figure["title"]),
                *cells,
                *(written(each["difference"]) for each in differences),
            ]
        )
        line = f"{term(figure['title'])}: {term(figure['meaning'])}"
        yield f'<p class="av-quiet">{rich(line)}</p>'
    pairs = found["alignment"][0]["robust_minus_standard"] if found["alignment"] else []
    head = [say("figure"), *(title_of(record(model)) for model in models)]
    yield table(head + [say("robust − standard")] * len(pairs), rows)
