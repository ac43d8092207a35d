"""The ladder's figures: a column a rung, the one in front large, captions beside it."""

from html import escape

from advviz import pictures
from advviz.experiments.board import Row
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.result import Result
from advviz.models.records import ModelRecord, record
from advviz.ui import figures, maps, words
from advviz.ui.figures import Tile, picture, rich, tile
from advviz.ui.kept import Kept
from advviz.ui.language import language, say, term
from advviz.ui.rungs import label, look, row
from advviz.ui.running import Finds, Shown
from advviz.ui.setup import Setup
from advviz.ui.words import CAPTIONS, TONES, Reading, reading, title_of

SMALL, SMALLER = 128, 64  # CSS pixels of the rungs beside the one in front
FEW = 6  # rungs beside which there is room for captions at the larger size
KINDS = ("gradient", "smoothgrad", "attack", "favourite")
NOTICE = {
    "gradient": " Along the row: do the grains gather into outlines of the thing? "
    "Under each map: its strength beside the lowest rung's.",
    "smoothgrad": " Along the row: on which rung does averaging still change the map?",
    "favourite": " Along the row: from which rung on can a stranger name it? Under each: what the "
    "rung itself says of it.",
}
ATTACK = (
    "**Attacked, {budget} on every rung,** each through its own gradients. ✗ fooled · ◐ wrong, but "
    "not your target · ✓ held against this attack · – wrong before it. One picture is an "
    "anecdote; the figures over many stand below."
)

_finished = Kept[str](256)


def draw(setup: Setup, finds: Finds) -> str:
    """The ladder as far as it is known; a finished one is drawn once for all who look at it."""
    results = [shown.result for shown in finds.values() if shown.result is not None]
    if len(results) < len(finds):
        return _drawn(setup, finds)
    key = setup.ladder, setup.view, tuple(finds), language()
    return _finished.get(key, results, lambda: _drawn(setup, finds))


def _drawn(setup: Setup, finds: Finds) -> str:
    spec = setup.ladder
    rungs = spec.rungs
    sides = _sides(rungs, spec.rung)
    cells = [_head(rungs, r, sides[r.id]) for r in rungs] + ["<span></span>"]
    for kind in KINDS:
        tiles = _tiles(setup, kind, finds, sides)
        cells += [_cell(r, tiles[r.id], sides[r.id]) for r in rungs]
        cells.append(f'<p class="av-caption">{rich(_caption(setup, kind, finds))}</p>')
    template = " ".join(f"{sides[r.id]}px" for r in rungs)
    front = record(spec.rung)
    many = " av-many" if len(rungs) > FEW else ""
    return figures.show(
        f'<div class="{figures.accent(front)}">{_strip(setup, front, finds)}</div>'
        f'<div class="av-ladder{many}" style="grid-template-columns:{template} minmax(15rem,1fr)">'
        f"{''.join(cells)}</div>"
    )


def _sides(rungs: tuple[ModelRecord, ...], front: str) -> dict[str, int]:
    small = SMALL if len(rungs) <= FEW else SMALLER
    return {r.id: figures.SIDE if r.id == front else small for r in rungs}


def _head(rungs: tuple[ModelRecord, ...], described: ModelRecord, side: int) -> str:
    name, depth = look(rungs, described)
    front = " av-front" if side == figures.SIDE else ""
    return (
        f'<div class="av-rung {name}{front}" style="--av-depth:{depth:.0%}" '
        f'title="{escape(title_of(described), quote=True)}">{escape(label(described))}</div>'
    )


def _cell(described: ModelRecord, shown: Tile, side: int) -> str:
    return (
        f'<div class="{figures.accent(described)}" style="--av-side:{side}px">{tile(shown)}</div>'
    )


def _tiles(setup: Setup, kind: str, finds: Finds, sides: dict[str, int]) -> dict[str, Tile]:
    """One row of the ladder by model: a picture each, or how far it has come."""
    rungs = setup.ladder.rungs
    if kind in ("gradient", "smoothgrad"):
        return _maps(setup, kind, finds, sides)
    if kind == "attack":
        return {r.id: _attacked(setup, r, finds, sides[r.id]) for r in rungs}
    return {r.id: _favourite(setup, r, finds, sides[r.id]) for r in rungs}


def _maps(setup: Setup, kind: str, finds: Finds, sides: dict[str, int]) -> dict[str, Tile]:
    """The maps of one kind: they may share a scale, and are compared with the lowest rung's."""
    rungs = setup.ladder.rungs
    shown = {r.id: finds[getattr(row(setup.ladder, r.id), kind)] for r in rungs}
    found = {
        model: one.result.arrays["gradient"]
        for model, one in shown.items()
        if one.result is not None
    }
    drawn, lowest = maps.draw(found, setup.view), found.get(rungs[0].id)
    tiles = {}
    for described in rungs:
        name = described.id
        result = shown[name].result
        if result is None:
            tiles[name] = _waiting(shown[name], sides[name])
            continue
        times = "" if lowest is None else maps.times(found[name], lowest)
        said = " · ".join(filter(None, (times, words.numerics(result.facts))))
        alt = say("{kind} of {word}", kind=term(kind), word=label(described))
        tiles[name] = Tile(_shown(setup, drawn[name], alt, sides[name]), said)
    return tiles


def _attacked(setup: Setup, described: ModelRecord, finds: Finds, side: int) -> Tile:
    """The adversarial example of a rung, with its verdict in short."""
    shown = finds[row(setup.ladder, described.id).attack]
    if shown.result is None:
        return _waiting(shown, side)
    judged, _, after = _verdict(setup, described, shown.result)
    image = pictures.photo(shown.result.arrays["adversarial"])
    alt = say("the attacked picture for {word}: {judged}", word=label(described), judged=judged)
    return Tile(_shown(setup, image, alt, side), f"**{judged.symbol} {after}**")


def _favourite(setup: Setup, described: ModelRecord, finds: Finds, side: int) -> Tile:
    """What a rung draws for the target class."""
    wanted = row(setup.ladder, described.id).favourite
    shown = finds[wanted]
    if shown.result is None:
        return _waiting(shown, side)
    image = pictures.photo(shown.result.arrays["picture"])
    named = term(wanted.unit.partition(":")[2])
    alt = say("what {word} draws for {named}", word=label(described), named=named)
    said = reading(shown.result.arrays["logits"], described.classes)
    return Tile(_shown(setup, image, alt, side), f"**{said}**")


def _shown(setup: Setup, image: figures.Bytes, alt: str, side: int) -> str:
    """A picture at its side; one that is larger than its place is reduced before it is sent."""
    return picture(image, alt, side, setup.view.smooth or image.shape[0] > side)


def _waiting(shown: Shown, side: int) -> Tile:
    """Where there is little room, the first words stand for all; the caption keeps its line."""
    if side == figures.SIDE:
        return Tile(shown.content)
    brief = shown.words.partition(",")[0].rpartition(": ")[2]
    return Tile(figures.waiting(brief, shown.share))


def _verdict(
    setup: Setup, described: ModelRecord, attack: Result
) -> tuple[words.Verdict, Reading, Reading]:
    """The verdict on a rung, its answer before and its answer after."""
    before = reading(attack.arrays["original_logits"], described.classes)
    after = reading(attack.arrays["logits"], described.classes)
    return words.verdict(before, after, setup.true_class, setup.target), before, after


def _strip(setup: Setup, front: ModelRecord, finds: Finds) -> str:
    """The strip above the ladder: what became of the rung in front."""
    attack = finds[row(setup.ladder, front.id).attack]
    if attack.result is None:
        return figures.strip(front, attack.words or say("one moment"), _trained(front))
    arrays = attack.result.arrays
    judged, before, after = _verdict(setup, front, attack.result)
    saved = reading(arrays["eight_bit_logits"], front.classes)
    far = words.moved(arrays["adversarial"] - arrays["original"])
    detail = f"{_trained(front)} · {before} → {after} · {far}"
    return figures.strip(front, judged, detail, say("saved as 8-bit PNG: {saved}", saved=saved))


def _trained(described: ModelRecord) -> str:
    if described.training_norm is None:
        return say("trained without an attacker")
    return say(
        "trained against {strength}",
        strength=words.strength(described.training_norm, described.training_eps),
    )


def _caption(setup: Setup, kind: str, finds: Finds) -> str:
    """What a row is, what to notice, what it cannot tell."""
    if kind == "attack":
        return say(ATTACK, budget=words.strength(setup.board.norm, setup.board.eps))
    wanted = row(setup.ladder, setup.ladder.rung)
    named = term(wanted.favourite.unit.partition(":")[2])
    if kind != "favourite":
        named = _explained(wanted, finds[wanted.gradient].result)
    values = {
        "tone": say(TONES[setup.view.draw]),
        "objective": say("loss"),
        "named": named,
        "averaged": say("gradient"),
        "samples": wanted.smoothgrad.samples,
        "start": say("noise"),
    }
    of = ""
    if kind == "gradient":
        of = say(" Of the {image} picture.", image=term(setup.board.explained_image))
    climbed = say(NOTICE[kind]) if len(setup.ladder.rungs) > 1 else ""
    return say(CAPTIONS[kind], **values) + of + climbed


def _explained(wanted: Row, gradient: Result | None) -> str:
    if wanted.gradient.explained != PREDICTED:
        return term(wanted.gradient.explained)
    if gradient is None:
        return say("the class that each model says")
    return term(str(gradient.facts["explained"]))
