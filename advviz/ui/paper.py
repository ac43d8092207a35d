"""What Compare and the ladder show, on paper: PNG files at 300 dots an inch.

They are drawn outside of a page, when somebody takes them, so they speak English: the one font
that is everywhere has no other letters.
"""

from advviz import pictures
from advviz.experiments.board import Row
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Array, Result
from advviz.models.records import ModelRecord
from advviz.pictures.prints import printed
from advviz.ui import board, maps, rungs
from advviz.ui.figures import Bytes
from advviz.ui.rows import Wanted, wanted
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, moved, reading, verdict

MAPS = ("gradient", "smoothgrad")


def is_complete(finds: Finds) -> bool:
    """Say whether everything is there that a page shows."""
    return all(shown.result is not None for shown in finds.values())


def board_file(setup: Setup, finds: Finds) -> bytes:
    """The board of Compare, as it is shown: the same rows, gain and way of drawing maps.

    Args:
        setup: of the page.
        finds: a result of every experiment of the page.
    """
    rows = [wanted(setup, model) for model in setup.models]
    gain = int(setup.view.gain)
    drawn = {kind: _maps(setup, rows, finds, kind) for kind in MAPS}
    heads = [f"true change, shown x{gain}" if head == "the change" else head
             for head in board.HEADS]  # fmt: skip
    return printed(
        [_pictures(row, finds, gain, drawn) for row in rows],
        row_labels=[_label(setup, row, finds) for row in rows],
        column_labels=heads,
    )


def _pictures(
    row: Wanted, finds: Finds, gain: int, drawn: dict[str, dict[str, Bytes]]
) -> list[Bytes]:
    attack, favourite = _result(finds, row.attack), _result(finds, row.favourite)
    before, after = attack.arrays["original"], attack.arrays["adversarial"]
    return [
        pictures.photo(before),
        pictures.perturbation(before, after, gain),
        pictures.photo(after),
        *(drawn[kind][f"{row.record.id}/{kind}"] for kind in MAPS),
        pictures.photo(favourite.arrays["picture"]),
    ]


def _maps(setup: Setup, rows: list[Wanted], finds: Finds, kind: str) -> dict[str, Bytes]:
    """Draw one kind of map of all rows; a map of the other picture may share the scale."""
    found: dict[str, Array] = {}
    for row in rows:
        found[f"{row.record.id}/{kind}"] = _result(finds, getattr(row, kind)).arrays["gradient"]
        if row.partners is not None:
            partner = row.partners[MAPS.index(kind)]
            found[f"{row.record.id}/partner"] = _result(finds, partner).arrays["gradient"]
    return maps.draw(found, setup.view)


def _label(setup: Setup, row: Wanted, finds: Finds) -> str:
    known, arrays = board.told(setup, row, finds), _result(finds, row.attack).arrays
    judged = "" if known is None else f"{known[0]}; before: {known[1]}; "
    return f"{_name(row.record)}. {judged}{moved(arrays['adversarial'] - arrays['original'])}"


def _name(described: ModelRecord) -> str:
    return ROW[described.is_robust][1] if described.origin is None else described.title


def ladder_file(setup: Setup, finds: Finds) -> bytes:
    """The ladder as it is shown, a column a rung, all of one size.

    Args:
        setup: of the page.
        finds: a result of every experiment of the page.
    """
    spec = setup.ladder
    columns = [(described, rungs.row(spec, described.id)) for described in spec.rungs]
    rows, captions = [], []
    for kind in MAPS:
        found = {d.id: _result(finds, getattr(row, kind)).arrays["gradient"] for d, row in columns}
        drawn, lowest = maps.draw(found, setup.view), found[columns[0][0].id]
        rows.append([drawn[name] for name in found])
        captions.append([maps.times(array, lowest) for array in found.values()])
    attacks = [_result(finds, row.attack) for _, row in columns]
    rows.append([pictures.photo(attack.arrays["adversarial"]) for attack in attacks])
    captions.append([_judged(setup, d, a) for (d, _), a in zip(columns, attacks, strict=True)])
    drawings = [_result(finds, row.favourite) for _, row in columns]
    rows.append([pictures.photo(drawing.arrays["picture"]) for drawing in drawings])
    captions.append([_seen(d, r) for (d, _), r in zip(columns, drawings, strict=True)])
    return printed(
        rows,
        row_labels=_row_labels(columns[0][1]),
        column_labels=[rungs.label(described)[2:] for described, _ in columns],
        captions=captions,
    )


def _row_labels(row: Row) -> list[str]:
    named = row.favourite.unit.partition(":")[2]
    beside = "strength beside the lowest rung's"
    return [
        f"gradient; {beside}",
        f"SmoothGrad; {beside}",
        "attacked, the same budget on every rung",
        f"favourite image, drawn for {named}",
    ]


def _judged(setup: Setup, described: ModelRecord, attack: Result) -> str:
    before = reading(attack.arrays["original_logits"], described.classes)
    after = reading(attack.arrays["logits"], described.classes)
    judged = verdict(before, after, setup.true_class, setup.target)
    return f"{judged.symbol} {after}"


def _seen(described: ModelRecord, drawing: Result) -> str:
    return str(reading(drawing.arrays["logits"], described.classes))


def _result(finds: Finds, spec: Spec) -> Result:
    """The result of an experiment of the page; the sheet is offered once all are there."""
    found = finds[spec].result
    if found is None:
        raise LookupError("a sheet is drawn once every experiment of the page has finished")
    return found
