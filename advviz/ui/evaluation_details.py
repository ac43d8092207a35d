"""What stands below the chart of an evaluation: more charts, the images, the report."""

import shlex
from functools import partial
from typing import Any

import streamlit as st

from advviz import pictures
from advviz.evaluation import charts, figures
from advviz.evaluation.repeat import command
from advviz.evaluation.sources import read
from advviz.evaluation.tally import Tally
from advviz.models.records import record
from advviz.ui import drawers, measure, permalinks, state, take_home
from advviz.ui.figures import picture, rich, show
from advviz.ui.language import labelled, quote, say, term
from advviz.ui.words import title_of

SHOWN = 24
"""Images behind a point that are shown at once."""
SIDE = 96
WORST = "worst case"
READ = frozenset({"text", "name", "x", "y", "hovertemplate"})
"""Of a chart: what people read."""


def more(tally: Tally) -> None:
    """Offer everything that is not needed at first sight; each drawer costs nothing closed."""
    if not any(cell.done.any() for cell in tally.cells.values()):
        return
    if drawer := drawers.opened(
        say("More charts: smallest eps, strength, transfer, classes"), "av.m.c"
    ):
        with drawer:
            _charts(tally)
    if drawer := drawers.opened(say("The images behind each point"), "av.m.i"):
        with drawer:
            _images(tally)
    if drawer := drawers.opened(say("Take it home: report, numbers, command"), "av.m.t"):
        with drawer:
            _take(tally)


def _charts(tally: Tally) -> None:
    for norm in tally.work.plan.norms:
        for title, chart in (
            (say("The smallest change that fools"), charts.smallest_eps(tally, norm)),
            (
                say("Attack strength against defence effect"),
                charts.strength_and_effect(tally, norm),
            ),
        ):
            if not charts.is_empty(chart):
                st.markdown(f"**{title}**")
                st.plotly_chart(_spoken(chart), key=f"av.m.{title}.{norm}", width="stretch")
    matrix = charts.transfer_matrix(tally)
    if matrix is not None:
        st.markdown(say("**Transfer: made on the row's model, shown to the column's**"))
        st.plotly_chart(_spoken(matrix), key="av.m.transfer", width="stretch")
    budget = tally.work.plan.middle(tally.work.plan.norms[0])
    st.markdown(say("**By class, worst case at {budget}**", budget=budget))
    st.dataframe(
        [
            {
                say("model"): title_of(record(model)),
                say("class"): term(line.name),
                say("images"): line.clean.n,
                say("right as they are"): f"{line.clean.value:.0%}",
                say("worst case"): f"{line.robust.value:.0%}",
            }
            for model in tally.work.plan.models
            for line in figures.per_class(tally, model, budget)
        ],
        hide_index=True,
    )


def _spoken(part: Any, key: str = "") -> Any:
    """Return a chart, or a part of one, with its titles and names in the reader's language."""
    if isinstance(part, dict):
        return {name: _spoken(held, name) for name, held in part.items()}
    if isinstance(part, list):
        return [_spoken(held, key) for held in part]
    if not isinstance(part, str) or key not in READ:
        return part
    return ": ".join(map(quote, part.split(": "))) if key == "name" else quote(part)


def _images(tally: Tally) -> None:
    """Choose a point; its images are read now."""
    plan = tally.work.plan
    left, middle, right = st.columns(3)
    titles = labelled(plan.models, lambda model: title_of(record(model)))
    model = left.selectbox(say("Model"), plan.models, format_func=titles)
    budgets = {str(budget): budget for budget in plan.budgets}
    budget = budgets[middle.selectbox(say("Budget"), list(budgets))]
    names = [attack.name for attack in plan.attacks_in(budget.norm)]
    options = [WORST, *names]
    attack = right.selectbox(say("Attack"), options, format_func=labelled(options, term))
    found = figures.behind(tally, model, None if attack == WORST else attack, budget)
    for name, rows in found.items():
        st.html(_row(tally, model, name, rows))


def _row(tally: Tally, model: str, name: str, rows: tuple[int, ...]) -> str:
    """Some of the images of a kind, with their names."""
    work, size = tally.work, record(model).input_size
    shown = "".join(
        picture(
            pictures.photo(read(work.plan.source, work.names[row], size)), work.names[row], SIDE
        )
        for row in rows[:SHOWN]
    )
    left = say(", of which {shown} are shown", shown=SHOWN) if len(rows) > SHOWN else ""
    head = say("**{name}**: {n} images{left}", name=term(name).capitalize(), n=len(rows), left=left)
    head = f"<p>{rich(head)}</p>"
    return show(f'{head}<div class="av-behind">{shown}</div>')


def _take(tally: Tally) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for ending, label, mime, made in (
            ("html", say("Report, HTML"), "text/html", _report),
            ("json", say("Figures, JSON"), "application/json", _json),
            ("csv", say("A line an image, CSV"), "text/csv", _csv),
        ):
            take_home.download(f"advviz-robustness.{ending}", label, mime, partial(made, tally))
    st.caption(say("The report is one file with everything inside; it needs no network."))
    source = "FOLDER" if tally.work.private else None
    line = command(tally.work.plan, source)
    words = permalinks.to_query(state.get(), "board", measure.SHOWN)
    take_home.ways(words, line, program(line))


def program(line: str) -> str:
    """Write a command as a Python program that measures the same."""
    return f"from advviz.cli import main\n\nmain({shlex.split(line)[1:]!r})\n"


def _report(tally: Tally) -> bytes:
    from advviz.evaluation.examples import examples
    from advviz.evaluation.report import html

    return html(tally, examples(tally, state.engine().peek)).encode()


def _json(tally: Tally) -> bytes:
    from advviz.evaluation.report import as_json

    return as_json(tally).encode()


def _csv(tally: Tally) -> bytes:
    from advviz.evaluation.report import as_csv

    return as_csv(tally).encode()
