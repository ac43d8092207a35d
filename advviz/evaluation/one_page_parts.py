"""The sections of a one-page report, as HTML."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from advviz.evaluation.known_figures import Figures, attack_in_full, half_fooled, share
from advviz.evaluation.one_page_evidence import Case, Evidence, Picture
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.links import AnySpec
from advviz.models.records import record

LARGEST, TOGETHER = 26.0, 66.0
"""Millimetres: of a picture's side, and of the sides of all rows, so that the page holds them."""
TITLES = {
    "board": "two networks, the same attack",
    "ladder": "a family of networks, the same attack",
    "attack": "an adversarial example",
    "explain": "what moves an answer",
    "trust": "is there reason to believe a map?",
    "visualize": "a favourite image",
    "predict": "one answer",
    "noise": "random noise of an attack's size",
    "smallest": "the smallest change that fools",
    "defences": "simple defences",
    "surface": "the answers around an attacked picture",
    "alike": "a map before and after an attack",
    "units": "the units that an attack turned on and off",
    "features": "bugs or features?",
    "lab-training": "a network trained against an attacker",
    "atlas": "what excites the units of a layer",
    "responses": "what the units of a layer answer to",
}
WHITE_BOX = (
    "The attacker knew the whole network. Who does not may need more tries or a larger change; "
    "robustness that rests on secrecy is not shown by this."
)
LIMITS = (
    "One picture is an anecdote: the shares over many pictures are what can be compared.",
    "The pictures are digital files of this size. Printed, filmed, turned or blurred ones were "
    "not tried.",
)
UNDER_ATTACK = (
    WHITE_BOX,
    "Only this norm and this budget. A network trained against one kind of change promises "
    "nothing for another.",
    "An attack that fails shows that this search found nothing; a longer one, or another, may.",
)
QUESTIONS = (
    "Against which attack, norm and budget was robustness measured, on how many pictures, with "
    "which interval?",
    "Was the attack made for this very system, with its defences switched on and known?",
    "Is the worst case counted for each picture, over several attacks, one of them without "
    "gradients?",
    "What does the robustness cost on pictures that nobody attacked?",
    "Which inputs can a stranger touch, and what happens after a wrong answer?",
)


def head(case: Case, kind: str) -> str:
    """Give the finding, above everything."""
    return (
        f"<header><p class='kind'>advviz · one-page report · {escape(TITLES[kind])}</p>"
        f"<h1>{escape(case.finding)}</h1></header>"
    )


def evidence(case: Case, *, shows: bool) -> str:
    """Show what each model came to, and its pictures unless these are somebody's own."""
    side = min(LARGEST, TOGETHER / max(len(case.evidence), 1))
    rows = "".join(_row(row, shows=shows) for row in case.evidence)
    kept = (
        ""
        if shows
        else "<p class='quiet'>The picture is somebody's own and stays out of this report, and "
        "with it everything that was made of it.</p>"
    )
    return (
        f"<section class='evidence' style='--side:{side:.1f}mm'><h2>The evidence</h2>{rows}{kept}"
        "</section>"
    )


def _row(row: Evidence, *, shows: bool) -> str:
    described = record(row.model)
    look, symbol = ("robust", "●") if described.is_robust else ("standard", "○")
    drawn = "".join(map(figure, row.shown)) if shows else ""
    return (
        f"<article class='{look}'><div class='told'><b>{symbol} {escape(described.title)}</b>"
        f"<p class='verdict'>{escape(row.verdict)}</p><p>{escape(row.detail)}</p></div>"
        f"<div class='pictures'>{drawn}</div></article>"
    )


def figure(picture: Picture) -> str:
    """Draw a picture with its name and what stands under it."""
    data = b64encode(picture.png).decode("ascii")
    below = f"<br>{escape(picture.caption)}" if picture.caption else ""
    return (
        f"<figure><img alt='{escape(picture.name, quote=True)}' "
        f"src='data:image/png;base64,{data}'><figcaption><b>{escape(picture.name)}</b>{below}"
        "</figcaption></figure>"
    )


def population(found: Sequence[Figures]) -> str:
    """Give the shares of many pictures, with sample size, intervals and the attack in full."""
    if not found:
        return (
            "<section><h2>Not just one picture</h2><p>Nothing was measured of these networks on "
            "many pictures under this norm; <code>advviz evaluate</code> does.</p></section>"
        )
    rows = "".join(
        f"<tr><td>{escape(record(one.model).title)}</td><td>{share(one.clean)}</td>"
        f"<td>{share(one.robust)}</td><td>{escape(half_fooled(record(one.model), one))}</td>"
        f"<td>{one.n:,}</td></tr>"
        for one in found
    )
    return (
        "<section><h2>Not just one picture</h2><table><thead><tr><th>network</th>"
        "<th>right as they are</th><th>right under attack</th><th>median smallest eps</th>"
        f"<th>n</th></tr></thead><tbody>{rows}</tbody></table><p class='quiet'>n pictures; in "
        f"brackets 95% Wilson intervals. {escape(attack_in_full(found[0]))}. The median lies "
        "between two measured eps: half of those right as they are fall there.</p></section>"
    )


def price(found: Sequence[Figures]) -> str:
    """Say what robustness costs on pictures that nobody attacked, whichever way it comes out."""
    robust = [one for one in found if record(one.model).is_robust]
    standard = [one for one in found if not record(one.model).is_robust]
    if not robust or not standard:
        return ""
    first, last = standard[0], max(robust, key=lambda one: record(one.model).training_eps)
    points = 100 * (first.clean["value"] - last.clean["value"])
    named = record(last.model).title
    apart = "" if first.n == last.n else " The two were measured on different numbers of pictures."
    cost = (
        f"{points:.1f} points fewer than the standard one: that is the price here"
        if points > 0
        else f"{-points:.1f} points more than the standard one: no price was seen here"
    )
    return (
        f"<section><h2>The price</h2><p>Without an attack, {escape(named)} gets "
        f"{share(last.clean)} right, {cost}.{apart} Whether the difference is worth it depends on "
        "who may touch the pictures.</p></section>"
    )


def maps(case: Case) -> str:
    """Say what the maps show, and what they cannot."""
    if not case.maps:
        return ""
    return f"<section><h2>What moves each answer</h2><p>{escape(case.maps)}</p></section>"


def limits(spec: AnySpec, *, is_attack: bool) -> str:
    """Say what the experiment does not show."""
    said = (*UNDER_ATTACK, *LIMITS) if is_attack else LIMITS
    if isinstance(spec, LadderSpec):
        said = (*said, "The networks differ in their training attack alone; other recipes differ.")
    return not_shown(said)


def not_shown(said: Sequence[str]) -> str:
    """List what an experiment does not show."""
    return f"<section><h2>What this does not show</h2>{_list(said)}</section>"


def supplier() -> str:
    """List what to ask somebody who sells a robust system."""
    return f"<section><h2>What to ask a supplier</h2>{_list(QUESTIONS)}</section>"


def _list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in sentences) + "</ul>"


def repeat(facts: Mapping[str, Any], address: str) -> str:
    """Give the link, the command, the seed, versions and digests."""
    link = f"{address}?{facts['link']}" if address else facts["link"]
    shown = f"<a href='{escape(link, quote=True)}'>{escape(link)}</a>" if address else escape(link)
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    weights = ", ".join(f"{name} {digest}" for name, digest in facts["weights_sha256"].items())
    files = "; ".join(
        f"{record(one['model']).title}: {one['eight_bit']['label']} ({one['eight_bit']['kind']})"
        for one in facts["outcomes"]
    )
    lines = {
        "link": shown,
        "command": f"<code>{escape(facts['command'])}</code>",
        "seed": _seed(facts),
        "8-bit verdict": escape(files) if files else "",
        "weights, sha256": escape(weights),
        "versions": escape(
            f"advviz {facts['advviz']}, Python {facts['python']}, {libraries}; "
            f"{', '.join(facts['numerics'])} numerics"
        ),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{words}</dd>" for name, words in lines.items() if words)
    return (
        f"<section class='repeat'><h2>Repeat it</h2><dl>{rows}</dl><p class='quiet'>All figures "
        "are in this file as JSON, in the element <code>advviz-report</code>.</p></section>"
    )


def _seed(facts: Mapping[str, Any]) -> str:
    """Say with which seed it was done; of repetitions, with which."""
    seeds = facts["seeds"]
    if len(seeds) > 1:
        return f"{seeds[0]} to {seeds[-1]}, a repetition each"
    return "none" if facts["seed"] is None else str(facts["seed"])


def is_dense(case: Case) -> bool:
    """Say whether the page must be set smaller, because its evidence has many rows."""
    return TOGETHER / max(len(case.evidence), 1) < LARGEST
