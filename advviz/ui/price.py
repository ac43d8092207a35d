"""The price of robustness: clean and robust accuracy of every rung, as a small chart."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

from advviz.experiments.ladder import LadderSpec
from advviz.models.records import ModelRecord
from advviz.ui import figures, words
from advviz.ui.figures import rich
from advviz.ui.language import say, term
from advviz.ui.population import Share, Survival, compared
from advviz.ui.rungs import label, look

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 40, 100, 18, 58
UNMEASURED = (
    "No accuracy under attacks like {norm} was measured of these models; choose the other norm, "
    "or run `advviz evaluate`."
)
SERIES = (("clean", "as they are", "av-clean"), ("robust", "under attack", "av-attacked"))

Known = Mapping[str, Survival]


@lru_cache(256)  # a class looks at the same ones
def measured(spec: LadderSpec) -> Known:
    """What was measured of the rungs under the same attack, by model id."""
    return compared(spec.rungs, spec.norm, spec.eps)


def chart(spec: LadderSpec) -> str:
    """Draw both accuracies by training strength, with their intervals; empty if none is known."""
    rungs, known = spec.rungs, measured(spec)
    if not known:
        return ""
    title = say("Share of pictures that each rung gets right, as they are and under attack")
    body = _axis(rungs, spec.rung) + "".join(_series(rungs, known, *one) for one in SERIES)
    body += _labels(rungs, known)
    return (
        f'<div class="av av-curve av-price"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>{body}</svg></div>'
    )


def told(spec: LadderSpec) -> str:
    """Say what was measured of the rung in front, against which attack, and what it is not."""
    known = measured(spec)
    if not known:
        norm = words.strength(spec.norm, spec.eps)
        return figures.show(f'<p class="av-quiet">{rich(say(UNMEASURED, norm=norm))}</p>')
    front = next(r for r in spec.rungs if r.id == spec.rung)
    any_of = next(iter(known.values()))
    pieces = [_found(front, known.get(front.id))]
    missing = [label(r) for r in spec.rungs if r.id not in known]
    if missing:
        pieces.append(say("Not measured against this attack: {names}.", names=", ".join(missing)))
    pieces.append(
        say(
            "The attack: {attack}. Do the upper points fall while the lower ones rise? That is "
            "the price. A stronger attack can only lower the lower points; a rung that holds "
            "here may fall to another norm.",
            attack=any_of.attack,
        )
    )
    return figures.show("".join(f'<p class="av-quiet">{rich(text)}</p>' for text in pieces))


def _found(described: ModelRecord, found: Survival | None) -> str:
    name = label(described)
    if found is None:
        return say("**{name}** was not measured against this attack.", name=name)
    return say(
        "**{name}** gets **{clean}** of the pictures right as they are ({basis}), and "
        "**{robust}** under attack ({attacked}).",
        name=name,
        clean=found.clean,
        basis=found.clean.basis,
        robust=found.robust,
        attacked=found.robust.basis,
    )


def table(spec: LadderSpec) -> str:
    """The numbers behind the chart, on request."""
    known = measured(spec)
    if not known:
        return ""
    rows = [
        [label(r), _cell(known.get(r.id), "clean"), _cell(known.get(r.id), "robust")]
        for r in spec.rungs
    ]
    head = [say("trained against"), say("right, as they are"), say("right, under attack")]
    return figures.behind(say("As a table"), figures.table(head, rows))


def _cell(found: Survival | None, name: str) -> str:
    if found is None:
        return say("not measured")
    share: Share = getattr(found, name)
    return f"{share}, {share.basis}"


def _x(rungs: Sequence[ModelRecord], place: int) -> float:
    """Rungs stand evenly apart, as on the slider."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / len(rungs)


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value)


def _axis(rungs: Sequence[ModelRecord], front: str) -> str:
    width = (WIDTH - LEFT - RIGHT) / len(rungs)
    pieces = []
    for place, described in enumerate(rungs):
        x = _x(rungs, place)
        chosen = described.id == front
        if chosen:
            pieces.append(
                f'<rect class="av-here" x="{x - width / 2:.1f}" y="{TOP}" width="{width:.1f}" '
                f'height="{HEIGHT - TOP - BOTTOM}"/>'
            )
        name, weight = label(described), ' font-weight="700"' if chosen else ""
        pieces.append(
            f'<text class="{figures.accent(described)}" x="{x:.1f}" y="{HEIGHT - BOTTOM + 30}" '
            f'text-anchor="middle"{weight}>{escape(_short(name, len(rungs)))}</text>'
        )
    for value in (0.0, 0.5, 1.0):
        y = _y(value)
        pieces.append(f'<line class="av-axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        pieces.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.0%}</text>')
    middle, title = (LEFT + WIDTH - RIGHT) / 2, say("trained against (rungs are evenly spaced)")
    pieces.append(
        f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(title)}</text>'
    )
    return "".join(pieces)


def _short(name: str, rungs: int) -> str:
    """A rung's name where many stand side by side: the symbol and the number alone."""
    if rungs <= 6:
        return name
    symbol, *rest = name.split()
    return f"{symbol} {rest[-1].removesuffix('/255') if len(rest) > 1 else 0}"


def _series(
    rungs: Sequence[ModelRecord], known: Known, name: str, words_of_it: str, look_of_it: str
) -> str:
    """One accuracy over the rungs: a line, and a mark and an interval each."""
    places = [place for place, r in enumerate(rungs) if r.id in known]
    shares = {place: getattr(known[rungs[place].id], name) for place in places}
    line = " ".join(f"{_x(rungs, place):.1f},{_y(shares[place].value):.1f}" for place in places)
    body = f'<polyline class="av-trend {look_of_it}" points="{line}"/>'
    for place in places:
        described, share, x = rungs[place], shares[place], _x(rungs, place)
        y = _y(share.value)
        accent, depth = look(rungs, described)
        said = term(words_of_it)
        mark = (
            f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"/>'
            if name == "clean"
            else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        )
        # The upper line's numbers stand above it, the lower line's below: no line crosses them.
        number = _y(share.high) - 6 if name == "clean" else _y(share.low) + 14
        body += (
            f'<g class="av-place {accent}" style="--av-depth:{depth:.0%}">'
            f"<title>{escape(label(described))}, {said}: {share} ({share.basis})</title>"
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(share.low):.1f}" y2="{_y(share.high):.1f}"/>'
            f'{mark}<text x="{x:.1f}" y="{number:.1f}" text-anchor="middle">{share}</text></g>'
        )
    return body


def _labels(rungs: Sequence[ModelRecord], known: Known) -> str:
    """Name each line at its end, moved apart where the ends meet."""
    last = next(known[r.id] for r in reversed(rungs) if r.id in known)
    ends = sorted((_y(getattr(last, name).value), said, name) for name, said, _ in SERIES)
    pieces, below = [], -100.0
    for y, said, name in ends:
        below = max(y + 4, below + 14)
        symbol = "□" if name == "clean" else "○"
        pieces.append(f'<text x="{WIDTH - RIGHT + 8}" y="{below:.1f}">{symbol} {term(said)}</text>')
    return "".join(pieces)
