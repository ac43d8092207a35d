"""Defences tried on the finished picture: what survives, the attack or the right answer."""

from collections.abc import Iterable
from html import escape

import numpy as np
import streamlit as st

from advviz.experiments.codec import to_link
from advviz.experiments.inquiries import DefencesSpec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Result
from advviz.models.records import record
from advviz.ui import drawers, figures, running
from advviz.ui.figures import picture, rich, show
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, Reading, reading

SIDE = 64  # CSS pixels of a picture
CAUTION = (
    "**A defence that was not attacked proves nothing.** The attack knew of none of these. An "
    "attacker who does puts the defence, or a smooth stand-in for it, into the search, and most "
    "such defences then fall (Athalye et al., ICML 2018). Look at the last column too: what undoes "
    "the attack by blurring everything costs the right answer on clean pictures."
)


def drawer(setup: Setup) -> None:
    """Offer the defences, tried on the attacked picture of the page's model."""
    place = drawers.opened(say("What survives JPEG, blur, noise and the like?"), "av.defences")
    if place is not None:
        with place:
            spec = spec_of(setup)
            finds = running.show([spec], st.empty(), lambda finds: draw(setup, finds))
            running.failures(finds)
            st.html(show(f'<p class="av-quiet av-reach">{rich(say(CAUTION))}</p>'))


def spec_of(setup: Setup) -> DefencesSpec:
    """The defences, tried on the finished picture of the page's attack."""
    attacked = RESULT + to_link(setup.attack(setup.model))
    return DefencesSpec(model=setup.model, image=attacked, seed=setup.board.seed)


def draw(setup: Setup, finds: Finds) -> str:
    """The table as far as it is known, with a sentence that counts."""
    shown = finds[spec_of(setup)]
    if shown.result is None:
        return show(f"<p>{rich(shown.words)}</p>")
    result, described = shown.result, record(setup.model)
    names = list(result.facts["names"])
    after, before = _readings(result, described.classes)
    right = setup.true_class or before[0].label
    goals = [_is_fooled(setup, said, right) for said in after]
    kept = [said.label == right for said in before]
    rows = [
        _row(setup, result, place, name, after[place], before[place], right)
        for place, name in enumerate(names)
    ]
    half = -(-len(rows) // 2)
    count = len(names) - 1
    symbol, word = ROW[described.is_robust]
    told = say(
        "{symbol} {word}: of {count} defences, the attack survives **{fooled}**, and the right "
        "answer to the clean picture survives **{kept}**.",
        symbol=symbol,
        word=word,
        count=count,
        fooled=sum(goals[1:]),
        kept=sum(kept[1:]),
    )
    return show(
        f"<p>{rich(told)}</p>"
        f'<div class="av-halves">{_table(rows[:half])}{_table(rows[half:])}</div>'
    )


def _readings(result: Result, classes: tuple[str, ...]) -> tuple[list[Reading], list[Reading]]:
    """What the model says of the attacked pictures, and of the clean ones."""
    attacked, clean = result.arrays["logits"]
    return [reading(one, classes) for one in attacked], [reading(one, classes) for one in clean]


def _is_fooled(setup: Setup, said: Reading, right: str) -> bool:
    return said.label != right if setup.target is None else said.label == setup.target


def _row(
    setup: Setup, result: Result, place: int, name: str, after: Reading, before: Reading, right: str
) -> str:
    attacked, clean = result.arrays["pictures"][:, place]
    if after.label == right:
        fate = say("✓ undone")
    elif _is_fooled(setup, after, right):
        fate = say("✗ still fooled")
    else:
        fate = say("◐ wrong otherwise")
    own = say("✓ still right") if before.label == right else say("✗ lost")
    name, smooth = term(name), setup.view.smooth
    cells = (
        escape(name),
        _small(attacked, say("the attacked picture after: {name}", name=name), smooth),
        f"<b>{fate}</b><br>{escape(str(after))}",
        _small(clean, say("the clean picture after: {name}", name=name), smooth),
        f"<b>{own}</b><br>{escape(str(before))}",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _small(image: figures.Bytes, alt: str, smooth: bool) -> str:
    """A picture in the size of the table; one that does not fit is reduced."""
    return picture(np.ascontiguousarray(image), alt, SIDE, smooth or image.shape[0] > SIDE)


def _table(rows: Iterable[str]) -> str:
    says = say("what it says")
    heads = (say("defence"), say("attacked"), says, say("clean"), says)
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        '<table class="av-table av-survival">'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
