"""The page Evaluate: stated, run, paused and resumed; figures as they come; the report."""

from dataclasses import fields

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.attacks.catalogue import attacks
from advviz.evaluation import figures
from advviz.evaluation.red_flags import checked
from advviz.evaluation.runner import known
from advviz.evaluation.statement import CROSS_ENTROPY, WORST_CASE, stated
from advviz.evaluation.tally import Tally
from advviz.evaluation.work import Work, prepared
from advviz.models.records import record
from advviz.ui import components, state
from advviz.ui.bulk import Bulk, waiting
from advviz.ui.evaluation_chart import chart
from advviz.ui.figures import accent, behind, rich, show, table
from advviz.ui.language import quote, say, term
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, title_of

BULK = Bulk("measure")


def work_of(setup: Setup) -> Work | None:
    """Read the images of the plan, once; say in one sentence what cannot be measured."""
    shown = (setup.board.standard, setup.board.robust)
    return BULK.work_of(lambda: setup.measure.plan(shown), prepared)


def statement(work: Work) -> str:
    """Goal, data, threat model, attacks and budget, before anything runs."""
    lines = "".join(
        f"<tr><th scope='row'>{rich(name.capitalize())}</th><td>{rich(words)}</td></tr>"
        for name, words in _told(stated(work)).items()
    )
    return show(f'<table class="av-table av-stated"><tbody>{lines}</tbody></table>')


def _told(statement: dict[str, str]) -> dict[str, str]:
    """Translate what a plan says of itself, in parts where it is a list of attacks."""
    known = attacks().values()
    names = {f.name.replace("_", " ") for attack in known for f in fields(attack.params)}
    parts = [WORST_CASE, "black box; ", "no parameters", *(attack.title for attack in known)]
    parts += [*sorted(names, key=len, reverse=True), CROSS_ENTROPY]
    found = {term(name): quote(words) for name, words in statement.items()}
    for name in found:
        for part in parts:
            found[name] = found[name].replace(part, term(part))
    return found


def run(work: Work) -> Tally:
    """Show the button, the progress and the figures; measure while the visitor wants it."""
    left, right = st.columns([1, 4.6], vertical_alignment="center")
    told = right.empty()
    tally = known(work, state.engine())
    if not BULK.is_running(work.plan):
        BULK.offer(left, work.plan, *_done(tally))
        told.caption(_waiting(*_done(tally)))
        _draw(st.empty(), tally)
        return tally
    BULK.offer_pause(left)
    body = st.empty()
    _draw(body, tally)
    # What is known is counted anew, piece by piece.
    growing = Tally(work)
    BULK.measure(work, growing, told, lambda times: _draw(body, growing, times))
    return growing


def _done(tally: Tally) -> tuple[int, int]:
    """Count the decisions that are known, and all of them."""
    cells = tally.cells.values()
    return sum(int(cell.done.sum()) for cell in cells), len(tally.cells) * len(tally.work)


def _waiting(done: int, total: int) -> str:
    if not done:
        return waiting()
    return say("{done:,} of {total:,} decisions are known.", done=done, total=total)


def _draw(place: DeltaGenerator, tally: Tally, times: int = 0) -> None:
    """Draw the figures: the chart, what it says of each model, the red flags.

    Args:
        place: where; what was there goes.
        tally: what is known.
        times: that it was drawn before in this run: the same chart cannot be there twice.
    """
    with place.container():
        for norm in tally.work.plan.norms:
            drawn = chart(tally, norm)
            if drawn:
                components.drawing(drawn, f"av.measure.chart.{norm}.{times}")
        st.html(show("".join(_of_model(tally, model) for model in tally.work.plan.models)))


def _of_model(tally: Tally, model: str) -> str:
    """One model's strip: clean accuracy, the worst cases, its red flags."""
    described, plan = record(model), tally.work.plan
    symbol = ROW[described.is_robust][0]
    shares = [(str(b), figures.worst(tally, model, b).share) for b in plan.budgets]
    said = " · ".join(f"{name}: {share.value:.0%}" for name, share in shares if share)
    worst = say("worst case {said}", said=said) if said else ""
    clean = figures.clean(tally, model)
    name = f'<span class="av-mark">{symbol}</span> {rich(title_of(described))}'
    first = (
        say("clean {value:.0%} of {n}", value=clean.value, n=clean.n)
        if clean
        else say("not measured yet")
    )
    return (
        f'<section class="av-row {accent(described)}"><div class="av-strip">'
        f'<span class="av-name">{name}</span>'
        f'<span class="av-verdict">{rich(first)}</span>'
        f'<span class="av-detail">{rich(worst)}</span></div>'
        f"{_flags(tally, model) if clean else ''}</section>"
    )


def _flags(tally: Tally, model: str) -> str:
    found = checked(tally, model)
    pieces = [
        f'<p><span class="av-verdict av-fooled">⚑ {rich(term(flag.name))}</span> '
        f"{rich(quote(flag.sentence))} ({rich(say('threshold'))} {flag.threshold:g}).</p>"
        for flag in found.flags
    ]
    if not found.flags:
        pieces.append(f"<p>{rich(say('✓ No red flag so far.'))}</p>")
    missing = "; ".join(f"{term(name)}: {quote(why)}" for name, why in found.not_checked.items())
    passed = ", ".join(map(term, found.passed)) or say("none")
    told = say(
        "Looked for and not found: {passed}. Not looked for: {missing}.",
        passed=passed,
        missing=missing or say("none"),
    )
    pieces.append(f'<p class="av-quiet">{rich(told)}</p>')
    return "".join(pieces)


def numbers(tally: Tally) -> str:
    """The figures as tables, on request."""
    plan = tally.work.plan
    rows = []
    for model in plan.models:
        title = title_of(record(model))
        for budget in plan.budgets:
            for attack in plan.attacks_in(budget.norm):
                share = figures.accuracy(tally, model, attack.name, budget)
                rows.append([title, attack.name, str(budget), str(share or "–")])
            worst = figures.worst(tally, model, budget).share
            rows.append([title, say("worst case"), str(budget), str(worst or "–")])
    head = [say("model"), say("attack"), say("budget"), say("accuracy")]
    return behind(say("As a table"), table(head, rows))
