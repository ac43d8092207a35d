"""The board of Compare: six pictures a model, from one set-up."""

from dataclasses import replace

import numpy as np

from advviz import pictures
from advviz.data import images
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.result import Result
from advviz.models.records import record
from advviz.ui import figures, maps
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.kept import Kept
from advviz.ui.language import language, say, term
from advviz.ui.rows import Wanted, wanted
from advviz.ui.running import Finds, Shown
from advviz.ui.setup import Setup
from advviz.ui.words import (
    CAPTIONS,
    ROW,
    TONES,
    Array,
    Reading,
    Verdict,
    enlarged,
    moved,
    reading,
    verdict,
)

HEADS = ("original", "the change", "attacked", "gradient", "SmoothGrad", "favourite image")
MAPS = ("gradient", "smoothgrad")
OPERATORS = ("", "+", "=", "‖", "", "")


_finished = Kept[str](256)


def draw(setup: Setup, finds: Finds) -> str:
    """The board as far as it is known; a finished one is drawn once for all who look at it."""
    results = [shown.result for shown in finds.values() if shown.result is not None]
    if len(results) < len(finds):
        return _drawn(setup, finds)
    key = setup.board, setup.view, tuple(finds), language()
    return _finished.get(key, results, lambda: _drawn(setup, finds))


def _drawn(setup: Setup, finds: Finds) -> str:
    rows = [wanted(setup, model) for model in setup.models]
    painted = map_tiles(setup, rows, finds)
    return figures.board(
        [say(head) for head in HEADS],
        [_row(setup, row, finds, painted) for row in rows],
        _captions(setup, rows, finds),
    )


def told(setup: Setup, row: Wanted, finds: Finds) -> tuple[Verdict, Reading, Reading] | None:
    """The verdict on a row, the answer before and the answer after; None while unknown."""
    attack = finds[row.attack].result
    before = attack if row.before is None else finds[row.before].result
    after = attack if row.after is None else finds[row.after].result
    if attack is None or before is None or after is None:
        return None
    name = "original_logits" if row.before is None else "logits"
    first = reading(before.arrays[name], row.record.classes)
    last = reading(after.arrays["logits"], row.record.classes)
    return verdict(first, last, setup.true_class, setup.target), first, last


def _row(setup: Setup, row: Wanted, finds: Finds, painted: dict[str, Tile]) -> Row:
    name = row.record.id
    tiles = [
        *photos(setup, row, finds),
        painted[f"{name}/gradient"],
        painted[f"{name}/smoothgrad"],
        favourite(setup, row, finds[row.favourite]),
    ]
    tiles = [replace(tile, operator=o) for tile, o in zip(tiles, OPERATORS, strict=True)]
    return Row(row.record, strip(setup, row, finds), tiles)


def strip(setup: Setup, row: Wanted, finds: Finds) -> str:
    """The strip above a row: verdict, answers, distance, and the answer to the saved picture."""
    known = told(setup, row, finds)
    attack = finds[row.attack]
    if known is None or attack.result is None:
        return figures.strip(row.record, attack.words or say("one moment"))
    judged, first, last = known
    arrays = attack.result.arrays
    detail = f"{first} → {last} · {moved(arrays['adversarial'] - arrays['original'])}"
    if row.after is not None:
        maker = " ".join(ROW[record(row.attack.model).is_robust])
        badge = say("transfer: made on {maker}, tried here", maker=maker)
    else:
        saved = reading(arrays["eight_bit_logits"], row.record.classes)
        badge = say("saved as 8-bit PNG: {saved}", saved=saved)
    return figures.strip(row.record, judged, detail, badge)


def photos(setup: Setup, row: Wanted, finds: Finds) -> list[Tile]:
    """Original, change and attacked picture of a row."""
    smooth = setup.view.smooth
    original = images.load(setup.board.image, row.record.input_size).pixels
    known = told(setup, row, finds)
    shown = finds[row.attack]
    word = ROW[row.record.is_robust][1]
    first = Tile(
        picture(
            pictures.photo(original),
            say("the original picture, for {word}", word=word),
            smooth=smooth,
        ),
        f"**{known[1]}**" if known else "",
    )
    if shown.result is None:
        return [first, Tile(figures.waiting("")), Tile(shown.content)]
    before, after = shown.result.arrays["original"], shown.result.arrays["adversarial"]
    gain = int(setup.view.gain)
    change = pictures.perturbation(before, after, gain)
    attacked = pictures.photo(after)
    return [
        first,
        Tile(
            picture(
                change,
                say("the change for {word}, drawn ×{gain}", word=word, gain=gain),
                smooth=smooth,
            ),
            say("true change, shown ×{gain}", gain=gain),
        ),
        Tile(
            picture(attacked, say("the attacked picture for {word}", word=word), smooth=smooth),
            f"**{known[2]}**" if known else "",
        ),
    ]


def favourite(setup: Setup, row: Wanted, shown: Shown) -> Tile:
    """What a row's model draws for the target."""
    if shown.result is None:
        return Tile(shown.content)
    named = row.favourite.unit.partition(":")[2]
    said = reading(shown.result.arrays["logits"], row.record.classes)
    image = pictures.photo(shown.result.arrays["picture"])
    word = ROW[row.record.is_robust][1]
    alt = say("what {word} draws for {named}", word=word, named=term(named))
    return Tile(picture(image, alt, smooth=setup.view.smooth), say("it says **{said}**", said=said))


def map_tiles(
    setup: Setup, rows: list[Wanted], finds: Finds, kinds: tuple[str, ...] = MAPS
) -> dict[str, Tile]:
    """The maps of all rows by `<model>/<kind>`: they share scales and are compared in strength."""
    tiles: dict[str, Tile] = {}
    for kind in kinds:
        found: dict[str, Array] = {}
        for row in rows:
            spec = getattr(row, kind)
            partner = row.partners and row.partners[kind == "smoothgrad"]
            for name, wanted_spec in ((kind, spec), ("partner", partner)):
                result = finds[wanted_spec].result if wanted_spec else None
                if result is not None:
                    found[f"{row.record.id}/{name}"] = result.arrays["gradient"]
        drawn = maps.draw(found, setup.view)
        for row in rows:
            name = f"{row.record.id}/{kind}"
            if name not in drawn:
                tiles[name] = Tile(finds[getattr(row, kind)].content)
                continue
            other = found.get(f"{setup.other(row.record.id)}/{kind}")
            alt = say("{kind} of {word}", kind=term(kind), word=ROW[row.record.is_robust][1])
            tiles[name] = Tile(
                picture(drawn[name], alt, smooth=setup.view.smooth),
                maps.said(found[name], other, finds[getattr(row, kind)].result),
            )
    return tiles


def explained_name(rows: list[Wanted], finds: Finds) -> str:
    """The class that the maps are for, as captions name it."""
    named = {row.gradient.explained for row in rows}
    if named != {PREDICTED}:
        return term(named.pop())
    results = [finds[row.gradient].result for row in rows]
    said = {str(result.facts["explained"]) for result in results if result is not None}
    return term(said.pop()) if len(said) == 1 else say("the class that each model says")


def _captions(setup: Setup, rows: list[Wanted], finds: Finds) -> list[str]:
    named = explained_name(rows, finds)
    change = [finds[row.attack].result for row in rows]
    values = {
        "gain": setup.view.gain,
        "enlarged": enlarged(rows[0].record.input_size, figures.SIDE),
        "moved": _moved(next((result for result in change if result), None)),
        "tone": say(TONES[setup.view.draw]),
        "objective": say("loss"),
        "named": named,
        "averaged": say("gradient"),
        "samples": rows[0].smoothgrad.samples,
        "start": say("noise"),
    }
    drawn = rows[0].favourite.unit.partition(":")[2]
    texts = [say(CAPTIONS[name], **values) for name in list(CAPTIONS)[:5]]
    return [*texts, say(CAPTIONS["favourite"], **(values | {"named": term(drawn)}))]


def _moved(result: Result | None) -> str:
    if result is None:
        return say("Colour: a channel was raised or lowered")
    difference = result.arrays["adversarial"] - result.arrays["original"]
    text = moved(np.asarray(difference))
    return text[0].upper() + text[1:]
