"""The Story: six screens for a presenter with ten minutes; every figure was measured.

All six stand below one another, so that it reads without a key and prints one screen a sheet.
The arrow keys go from screen to screen, and each has a link of its own.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from advviz import pictures
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Array
from advviz.models.records import record
from advviz.ui import board, home, words
from advviz.ui.figures import accent, picture, rich, show
from advviz.ui.language import say, term
from advviz.ui.population import Survival, compared
from advviz.ui.rows import wanted
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.story_figures import bar, gallery, measured, name, stops

SIDE = 320  # CSS pixels of a picture: 5 x 64
SCREEN = "screen"
"""Of the page's link: the screen that it opens at; the browser alone reads and writes it."""

_HERE = Path(__file__).parent
_keys = st.components.v2.component(
    "advviz.story",
    js=(_HERE / "story.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def specs(setup: Setup) -> tuple[Spec, ...]:
    """What the Story shows of one picture: what Home shows, which ships."""
    return home.specs(setup)


def style() -> None:
    """Send the Story's own style sheet: its type is a presenter's."""
    st.html(f"<style>{(_HERE / 'story.css').read_text(encoding='utf-8')}</style>")


def keys() -> None:
    """Let the arrow keys go from screen to screen, beginning at the link's.

    Called before the screens are drawn: a key works while they are still being made.
    """
    data = {
        "count": len(_screens()),
        "parameter": SCREEN,
        "back": say("the screen before"),
        "on": say("the next screen"),
        "help": say("arrow keys"),
    }
    _keys(data=data, key="av.story")


def draw(setup: Setup, finds: Finds) -> str:
    """All six screens, as far as their figures are known."""
    screens, drawn = _screens(), []
    for number, screen in enumerate(screens, start=1):
        title, body = screen(setup, finds)
        count = say("{n} of {all}", n=number, all=len(screens))
        drawn.append(
            f'<section class="av-screen" aria-label="{count}"><p class="av-count">{count}</p>'
            f"<h2>{rich(title)}</h2>{body}</section>"
        )
    return show(f'<div class="av-story">{"".join(drawn)}</div>')


def _screens() -> tuple[Callable[[Setup, Finds], tuple[str, str]], ...]:
    """What draws each screen, in their order."""
    return flip, not_just_one, not_safe, price, what_moves, what_it_shows


def _p(sentence: str, kind: str = "") -> str:
    return f'<p class="{kind}">{rich(sentence)}</p>' if sentence else ""


def _figure(content: str, head: str, below: str, kind: str) -> str:
    return (
        f'<figure class="{kind}">{content}<figcaption><span class="av-name">{rich(head)}</span> '
        f"{rich(below)}</figcaption></figure>"
    )


def flip(setup: Setup, finds: Finds) -> tuple[str, str]:
    """One picture, two networks: one gives way, the other holds."""
    known, target = term(setup.true_class or "picture"), term(setup.target or "something else")
    title = say("Same {shown}. Why does one network say {target}?", shown=known, target=target)
    drawn, before, changes, first = [], [], [], ""
    for model in setup.models:
        row, shown = wanted(setup, model), finds[wanted(setup, model).attack]
        judged = board.told(setup, row, finds)
        if shown.result is None or judged is None:
            drawn.append(_figure("", name(model), shown.words, accent(row.record)))
            continue
        arrays = shown.result.arrays
        before.append(f"{words.ROW[row.record.is_robust][0]} {judged[1]}")
        first = _photo(arrays["original"], known)
        changes.append(arrays["adversarial"] - arrays["original"])
        answer = f" · {judged[2]}" if judged[0].kind == "held" else ""
        attacked = _photo(arrays["adversarial"], str(judged[0]))
        drawn.append(_figure(attacked, name(model), f"**{judged[0]}**{answer}", accent(row.record)))
    both = say("before the attack: {answer}", answer=term(", ").join(before) or "…")
    drawn.insert(0, _figure(first, say("original"), both, ""))
    budget = words.strength(setup.board.norm, setup.board.eps)
    below = say(
        "Both pictures were changed within {budget}, each through the gradients of its own "
        "network: {moved}.",
        budget=budget,
        moved=words.moved(np.stack(changes)) if changes else "…",
    )
    return title, f'<div class="av-figures3">{"".join(drawn)}</div>{_p(below)}'


def _photo(pixels: Array, alt: str) -> str:
    return picture(pictures.photo(pixels), alt, SIDE)


def _survival(setup: Setup) -> dict[str, Survival]:
    found = [record(model) for model in setup.models]
    return compared(found, setup.board.norm, setup.board.eps)


def not_just_one(setup: Setup, _finds: Finds) -> tuple[str, str]:
    """The gallery by verdict, and the shares of many pictures with their intervals."""
    title = say("Not just one {shown}", shown=term(setup.true_class or "picture"))
    body = "".join(map(gallery, setup.models)) if measured() else ""
    found = _survival(setup)
    bars = "".join(bar(model, one.robust, "") for model, one in found.items())
    basis = ""
    if found:
        first = next(iter(found.values()))
        basis = say(
            "Bars: still right under attack, of {n} validation pictures; {attack}; thin line: "
            "95% interval. Above: the gallery, each towards the next class, L2 {eps}.",
            n=f"{first.robust.n:,}",
            attack=first.attack,
            eps=f"{measured().get('eps', setup.board.eps):g}",
        )
    return title, f"{body}{bars}{_p(basis, 'av-basis')}"


def not_safe(setup: Setup, _finds: Finds) -> tuple[str, str]:
    """Where the robust network gives way too: it needs more change, not endlessly much."""
    title = say("Robust is not safe")
    if not measured():
        return title, ""
    middle = measured()["median_first_stop"]
    low, high = middle[setup.board.standard], middle[setup.board.robust]
    told = ""
    if low and high:
        told = say(
            "At least half of the pictures are driven to their target from L2 {low} on, on the "
            "standard network, and from {high} on, on the robust one: **about {times} times the "
            "change**, and then it gives way as well.",
            low=f"{low:g}",
            high=f"{high:g}",
            times=f"{high / low:.2g}",
        )
    basis = say(
        "Pictures driven to the next class, of the {n} of the gallery that both networks get "
        "right; PGD with {steps} steps at each stop.",
        n=measured()["right_for_both"],
        steps=measured()["steps"],
    )
    return title, f"{stops(setup.models)}{_p(told)}{_p(basis, 'av-basis')}"


def price(setup: Setup, _finds: Finds) -> tuple[str, str]:
    """What robustness costs where nobody attacks."""
    found = _survival(setup)
    if len(found) < 2:
        return say("The price"), ""
    first, last = found[setup.board.standard], found[setup.board.robust]
    bars = "".join(bar(model, one.clean, "") for model, one in found.items())
    points = 100 * (first.clean.value - last.clean.value)
    told = (
        say(
            "Where nobody attacks, the robust network gets **{points} points fewer** right.",
            points=f"{points:.1f}",
        )
        if points > 0
        else say("Where nobody attacks, the robust network gets no fewer right: no price was seen.")
    )
    basis = say(
        "Right as they are, of {n} validation pictures; the thin line: 95% "
        "interval. Both networks: the same architecture, pictures and recipe.",
        n=f"{first.clean.n:,}",
    )
    ask = say("Whether that is worth it depends on who may touch the pictures.")
    return say("The price"), f"{bars}{_p(told)}{_p(ask)}{_p(basis, 'av-basis')}"


def what_moves(setup: Setup, finds: Finds) -> tuple[str, str]:
    """Two maps and one sentence: what moves each network's answer."""
    rows = [wanted(setup, model) for model in setup.models]
    drawn = []
    for row in rows:
        shown = finds[row.gradient]
        if shown.result is None:
            drawn.append(_figure("", name(row.record.id), shown.words, accent(row.record)))
            continue
        ink = pictures.absolute_ink(shown.result.arrays["gradient"])
        alt = say("map of {model}", model=name(row.record.id))
        drawn.append(_figure(picture(ink, alt, SIDE), name(row.record.id), "", accent(row.record)))
    named = board.explained_name(rows, finds)
    told = say(
        "Dark: a tiny change there moves the score for **{named}** most. On the robust network "
        "it follows the outlines of what we see; on the standard one it is scattered.",
        named=term(named),
    )
    caution = say(
        "**A map is not proof.** Dark does not mean good evidence, and a tidy map does not mean "
        "a sound reason."
    )
    return (
        say("What moves each answer"),
        f'<div class="av-beside"><div class="av-figures2">{"".join(drawn)}</div>'
        f"<div>{_p(told)}{_p(caution)}</div></div>",
    )


def what_it_shows(setup: Setup, _finds: Finds) -> tuple[str, str]:
    """What this shows, and what it does not."""
    shows = (
        say("A change that we hardly see can choose a network's answer."),
        say("Training against the attack helps, up to a size of the change."),
        say("It has a price, and it changes what moves the answer."),
    )
    budget = words.strength(setup.board.norm, setup.board.eps)
    not_shown = (
        say("An attacker who does not know the network: this one knows all of it."),
        say("Printed or filmed pictures: these are files of {n} pixels a side.", n=setup.size),
        say("Another kind of change: this is {budget} and its like.", budget=budget),
        say("That a network which held is safe: another search may find more."),
    )
    return (
        say("What this shows, and what it does not"),
        f'<div class="av-lists"><div><h3>{rich(say("What it shows"))}</h3>{_list(shows)}</div>'
        f"<div><h3>{rich(say('What it does not show'))}</h3>{_list(not_shown)}</div></div>",
    )


def _list(sentences: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{rich(each)}</li>" for each in sentences) + "</ul>"
