"""The board for a projector: two screens of two rows and three columns, large letters, keys."""

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from advviz import resources
from advviz.ui import board, maps, state, words
from advviz.ui.board import HEADS
from advviz.ui.figures import Tile, accent, rich, tile
from advviz.ui.language import say
from advviz.ui.rows import Wanted, wanted
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.strengths import STOPS
from advviz.ui.words import ROW

_HERE = Path(__file__).parent
_KEY, _PRESS = "av.present", "av.present.press"
_keys = st.components.v2.component(
    "advviz.presentation",
    js=(_HERE / "presentation.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def style() -> None:
    """Send the style sheet of this page alone: light, large, without the app's header."""
    st.html(f"<style>{(_HERE / 'presentation.css').read_text(encoding='utf-8')}</style>")


def keys(setup: Setup, page: state.Page) -> None:
    """Let arrow keys change the screen and the strength, and Escape go back to Compare."""
    stops = _stops(setup)
    data = {
        "stops": stops,
        "strengths": [words.strength(setup.board.norm, eps) for eps in stops],
        "current": stops.index(setup.board.eps),
        "press": st.session_state.get(_PRESS, 0),
        "back": f"compare?{urlencode(state.link(page))}",
        "words": {
            "strength": say("Strength"),
            "weaker": say("a weaker attack"),
            "stronger": say("a stronger attack"),
            "before": say("the screen before"),
            "after": say("the next screen"),
            "leave": say("Leave"),
            "keys": say("← → the screen · ↑ ↓ the strength · Esc leaves"),
        },
    }
    _keys(data=data, key=_KEY, on_strength_change=_strengthen)


def _strengthen() -> None:
    """Take over the strength of the last key, and remember which key that was."""
    asked = st.session_state[_KEY].strength
    if not isinstance(asked, dict):
        return
    st.session_state[_PRESS], eps = asked.get("press", 0), asked.get("stop")
    if isinstance(eps, int | float):
        state.change(lambda setup: setup.with_board(eps=float(eps)))


def _stops(setup: Setup) -> list[float]:
    """The strengths that are offered, and the chosen one among them."""
    return sorted({*STOPS[setup.board.norm], setup.board.eps})


def draw(setup: Setup, finds: Finds) -> str:
    """Both screens as far as they are known; the style sheet shows one of them."""
    rows = [wanted(setup, model) for model in setup.models]
    painted = board.map_tiles(setup, rows, finds)
    first = [(row, board.photos(setup, row, finds)) for row in rows]
    second = [
        (
            row,
            [
                *(_map(setup, row, kind, painted, finds) for kind in board.MAPS),
                board.favourite(setup, row, finds[row.favourite]),
            ],
        )
        for row in rows
    ]
    heads = [say(head) for head in HEADS]
    named = board.explained_name(rows, finds)
    notes = (
        say("One picture is an anecdote. What survives of many is on Home."),
        say(
            "Dark: changes there move the loss for {named} most; no proof of good evidence. "
            "×: strength beside the other's.",
            named=f"**{named}**",
        ),
    )
    return (
        '<div class="av av-present">'
        + _screen(setup, "1", heads[:3], first, notes[0], finds)
        + _screen(setup, "2", heads[3:], second, notes[1], finds)
        + "</div>"
    )


def _map(setup: Setup, row: Wanted, kind: str, painted: dict[str, Tile], finds: Finds) -> Tile:
    """A map with its strength in short: there is one line for it."""
    drawn = painted[f"{row.record.id}/{kind}"]
    other = getattr(wanted(setup, setup.other(row.record.id)), kind)
    own, theirs = (finds.get(spec) for spec in (getattr(row, kind), other))
    if own is None or theirs is None or own.result is None or theirs.result is None:
        return Tile(drawn.content)
    times = maps.times(own.result.arrays["gradient"], theirs.result.arrays["gradient"])
    return Tile(drawn.content, times)


def _screen(
    setup: Setup,
    number: str,
    heads: list[str],
    rows: list[tuple[Wanted, list[Tile]]],
    note: str,
    finds: Finds,
) -> str:
    head = "".join(f'<span class="av-present-head">{rich(text)}</span>' for text in ["", *heads])
    body = "".join(
        f'<div class="av-present-row {accent(row.record)}">{_who(setup, row, finds)}'
        f"{''.join(map(tile, tiles))}</div>"
        for row, tiles in rows
    )
    told = f'<p class="av-present-note">{rich(note)}</p>'
    return f'<section class="av-present-{number}">{head}{body}{told}</section>'


def _who(setup: Setup, row: Wanted, finds: Finds) -> str:
    """The model and the verdict on it, at the side of its pictures."""
    symbol, word = ROW[row.record.is_robust]
    name = f"{symbol} {word}" if row.record.origin is None else row.record.title
    known = board.told(setup, row, finds)
    if known is None:
        kind, judged = "", finds[row.attack].words or say("one moment")
    else:
        kind, judged = f" av-{known[0].kind}", str(known[0])
    return (
        f'<div class="av-present-who"><p class="av-name">{rich(name)}</p>'
        f'<p class="av-verdict{kind}">{rich(judged)}</p></div>'
    )


def door(words_of_link: dict[str, str]) -> None:
    """Lead from Compare to the same board for a projector."""
    st.page_link(
        resources.pages() / "present.py",
        label=say("For a projector"),
        icon=":material/slideshow:",
        query_params=words_of_link,
        help=say("Two screens, large letters, arrow keys."),
    )
