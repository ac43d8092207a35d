"""How little is enough? The smallest change that fools, and confidence at every strength."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from advviz.attacks.catalogue import attack_named
from advviz.experiments.inquiries import SmallestSpec
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.ui import components, curves, drawers, figures, running, words
from advviz.ui.curves import Axis, Curve
from advviz.ui.figures import Finished, rich, show
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.strengths import STOPS
from advviz.ui.words import ROW, reading

MEANING = (
    "{how} It is an upper bound: a better attack may need less. {curve} One picture is an anecdote."
)
WITHIN = (
    "The smallest change is searched by bisection: {attack} within a ball, whose radius is halved "
    "until the attack fails; the bracket is then narrowed to 2%."
)
BY_ITSELF = "{attack} looks for the smallest change by itself, in one search."
CURVE = (
    "The curve shows what each model says of the finished picture at every strength, each attacked "
    "for itself. Where does each line cross?"
)
NO_CURVE = (
    "It finds the same picture at every strength, so there is no curve over them: choose an attack "
    "within a ball to see one."
)


def drawer(setup: Setup) -> None:
    """Offer the smallest change and the curve over the strengths, for both models."""
    place = drawers.opened(
        say("How little is enough? Smallest change, every strength"), "av.strengths"
    )
    if place is None:
        return
    with place:
        told = st.empty()
        finds = running.show(specs(setup), told, lambda finds: figures_of(setup, finds))
        running.failures(finds)
        left, right = st.columns(2, gap="large", vertical_alignment="center")
        drawn = lines(setup, finds)
        with left:
            if drawn:
                axis, title = _axis(setup), _title(setup)
                st.html(show(f"<p><b>{rich(title)}</b></p>"))
                components.drawing(curves.confidence(drawn, title, axis), "av.strengths.curve")
                st.html(Finished(curves.table(drawn, axis)))
        with right:
            st.html(show(f'<p class="av-quiet av-reach">{rich(meaning(setup))}</p>'))


def meaning(setup: Setup) -> str:
    """Say what the numbers and the curve are, for the attack of the page."""
    chosen = attack_named(setup.board.attack)
    name = term(chosen.title.partition(":")[0])
    if chosen.minimal:
        return say(MEANING, how=say(BY_ITSELF, attack=name), curve=say(NO_CURVE))
    return say(MEANING, how=say(WITHIN, attack=name), curve=say(CURVE))


def models(setup: Setup) -> tuple[str, ...]:
    """Both models of the pair, the standard one first; one alone where they are the same."""
    return tuple(dict.fromkeys((setup.board.standard, setup.board.robust)))


def smallest_of(setup: Setup, model: str) -> SmallestSpec:
    """The search for the smallest change of a model, with what is set up of the attack.

    The step size is left to the rule: the radius changes during the search.
    """
    board = setup.board
    return SmallestSpec(
        model=model,
        image=board.image,
        target=board.target,
        norm=board.norm,
        attack=board.attack,
        options=board.options,
        steps=board.steps,
        random_start=board.random_start,
        restarts=board.restarts,
        loss=board.loss,
        seed=board.seed,
        numerics=board.numerics,
    )


def attacks(setup: Setup, model: str) -> tuple[AttackSpec, ...]:
    """The attack of the page at every stop of the strength above 0.

    None where it looks for the smallest change by itself: the strength then only judges.
    """
    if attack_named(setup.board.attack).minimal:
        return ()
    spec = setup.attack(model)
    return tuple(replace(spec, eps=eps) for eps in STOPS[setup.board.norm] if eps > 0)


def specs(setup: Setup) -> tuple[Spec, ...]:
    """Everything that is drawn, in the order in which it is wanted."""
    both = models(setup)
    pairs = zip(*(attacks(setup, model) for model in both), strict=True)
    stops = tuple(spec for pair in pairs for spec in pair)
    return (*(smallest_of(setup, model) for model in both), *stops)


def figures_of(setup: Setup, finds: Finds) -> str:
    """The smallest change of each model, in every unit; and how far the strengths have come."""
    found = {model: finds[smallest_of(setup, model)] for model in models(setup)}
    cells = []
    for model, shown in found.items():
        described = record(model)
        symbol, word = ROW[described.is_robust]
        body = f"<p>{rich(shown.words)}</p>"
        if shown.result is not None:
            body = _smallest(setup, model, shown.result)
        cells.append(
            f'<div class="{figures.accent(described)}"><div><p class="av-name">{symbol} {word}</p>'
            f"{body}</div></div>"
        )
    times = _times({model: shown.result for model, shown in found.items()})
    open_ones = sum(shown.result is None and not shown.error for shown in finds.values())
    left = ""
    if open_ones:
        told = say("{n} of {total} searches are still to be made.", n=open_ones, total=len(finds))
        left = f"<p>{rich(told)}</p>"
    return show(f'<div class="av-figures">{"".join(cells)}</div>{times}{left}')


def _smallest(setup: Setup, model: str, result: Result) -> str:
    facts, classes = result.facts, record(model).classes
    distance = facts["distance"]
    if distance is None:
        told = say("No change of any size fooled it; this search found none.")
        return f"<p>{rich(told)}</p>"
    if distance == 0:
        before = reading(result.arrays["original_logits"], classes)
        told = say("None is needed: it says {before} before the attack.", before=before)
        return f"<p>{rich(told)}</p>"
    norm, after = setup.board.norm, reading(result.arrays["logits"], classes)
    saved = reading(result.arrays["eight_bit_logits"], classes)
    held = (
        say(" The search failed at {size}.", size=_size(norm, facts["held"]))
        if facts["held"]
        else ""
    )
    budget = words.budget(norm, float(f"{distance:.3g}"), setup.size)
    small = say(
        "{budget}; it then says {after}, of the 8-bit file {saved}.{held}",
        budget=budget,
        after=after,
        saved=saved,
        held=held,
    )
    return f'<p class="av-big">{_size(norm, distance)}</p><p><small>{rich(small)}</small></p>'


def _size(norm: str, eps: float) -> str:
    """Write a measured radius with three digits."""
    size = f"{255 * eps:.3g}/255" if norm == "linf" else f"{eps:.3g}"
    return f"{words.NORMS[norm]} {size}"


def _times(found: Mapping[str, Result | None]) -> str:
    """Say how many times more change the second model needs."""
    known = [result.facts["distance"] for result in found.values() if result is not None]
    if len(known) < 2 or not all(known):
        return ""
    names = [" ".join(ROW[record(model).is_robust]) for model in found]
    first, second = names if len(set(names)) == 2 else (say("the first"), say("The second"))
    times = words.short(known[1] / known[0])
    told = say(
        "**{second} needs {times} times as much change as {first}.**",
        second=second,
        times=times,
        first=first,
    )
    return f'<p class="av-below">{rich(told)}</p>'


def lines(setup: Setup, finds: Finds) -> list[Curve]:
    """The probability of the target and of the true class of each model, as far as known."""
    drawn = []
    for model in models(setup):
        described = record(model)
        results = _known(attacks(setup, model), finds)
        if not results:
            continue
        symbol = ROW[described.is_robust][0]
        before = reading(results[0].arrays["original_logits"], described.classes)
        said = [reading(r.arrays["logits"], described.classes) for r in results]
        right = setup.true_class or before.label
        fooled = [place for place, r in enumerate(results, 1) if r.facts["success"]]
        mark = fooled[0] if fooled else None
        named = {setup.target or right: False, right: setup.target is not None}
        for name, faint in named.items():
            index = described.class_index(name)
            values = [r.probabilities[index] for r in (before, *said)]
            shown = None if faint else mark
            drawn.append(Curve(described, f"{symbol} {term(name)}", values, faint, shown))
    return drawn


def _known(wanted: Sequence[AttackSpec], finds: Mapping[Spec, running.Shown]) -> list[Result]:
    """The results at the first strengths, up to the first that is not known."""
    found: list[Result] = []
    for spec in wanted:
        shown = finds.get(spec)
        if shown is None or shown.result is None:
            break
        found.append(shown.result)
    return found


def _axis(setup: Setup) -> Axis:
    norm = setup.board.norm
    unit = 255 if norm == "linf" else 1
    ticks = [f"{unit * eps:.4g}" for eps in STOPS[norm]]
    name = words.NORMS[norm] + (say(", in 1/255") if norm == "linf" else "")
    title = say("strength, {name} (stops are evenly spaced)", name=name)
    return Axis(title, head="strength", ticks=ticks, mark=say("the first stop that fools"))


def _title(setup: Setup) -> str:
    named = term(setup.target or setup.true_class or "the first answer")
    return say("Confidence in {named} at every strength; faint: in the true class", named=named)
