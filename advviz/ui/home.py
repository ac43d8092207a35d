"""Home's figures: one finished board, and the population beside the anecdote."""

from dataclasses import replace

from advviz.experiments.protocol import Spec
from advviz.models.records import record
from advviz.ui import board, figures, words
from advviz.ui.figures import Row, rich, show
from advviz.ui.language import say, term
from advviz.ui.population import survival
from advviz.ui.rows import Wanted, wanted
from advviz.ui.running import Finds
from advviz.ui.setup import Setup

HEADS = ("original", "attacked", "what moves its answer")


def specs(setup: Setup) -> tuple[Spec, ...]:
    """What Home shows: both attacks, and both gradients."""
    rows = [wanted(setup, model) for model in setup.models]
    return (*(row.attack for row in rows), *(row.gradient for row in rows))


def question(setup: Setup) -> str:
    """The one question, and what the pictures below are."""
    known = term(setup.true_class or "picture")
    asked = say(
        "Same {known}. Why does one network say {target}?",
        known=known,
        target=term(setup.target or "something else"),
    )
    told = say(
        "Two networks, one architecture, the same training pictures. An attacker who knows "
        "them changed the picture a little; one network was trained against that."
    )
    return show(
        f'<p class="av-question" role="heading" aria-level="2">{rich(asked)}</p>'
        f'<p class="av-answer">{rich(told)}</p>'
    )


def draw(setup: Setup, finds: Finds) -> str:
    """Two models, three pictures each, as far as they are known."""
    rows = [wanted(setup, model) for model in setup.models]
    maps = _maps(setup, rows, finds)
    drawn = []
    for row in rows:
        original, _, attacked = board.photos(setup, row, finds)
        tiles = [original, replace(attacked, operator="→"), maps[row.record.id]]
        known = board.told(setup, row, finds)
        waiting = finds[row.attack].words or say("one moment")
        drawn.append(
            Row(row.record, figures.strip(row.record, known[0] if known else waiting), tiles)
        )
    return figures.board([say(head) for head in HEADS], drawn)


def _maps(setup: Setup, rows: list[Wanted], finds: Finds) -> dict[str, figures.Tile]:
    painted = board.map_tiles(setup, rows, finds, ("gradient",))
    return {row.record.id: painted[f"{row.record.id}/gradient"] for row in rows}


def notice(setup: Setup, finds: Finds) -> str:
    """What the pictures say, what to notice, what they cannot tell."""
    rows = [wanted(setup, model) for model in setup.models]
    result = next((r for row in rows if (r := finds[row.attack].result)), None)
    if result is None:
        return ""
    moved = words.moved(result.arrays["adversarial"] - result.arrays["original"])
    named = board.explained_name(rows, finds)
    told = say(
        "{moved}. Dark in a map: a tiny change there moves the loss for **{named}** most; dark "
        "does not mean good evidence.",
        moved=moved[0].upper() + moved[1:],
        named=named,
    )
    return show(f'<p class="av-quiet">{rich(told)}</p>')


def figures_beside(setup: Setup) -> str:
    """How the models fare on many pictures: the share that survives, with its basis."""
    pieces = []
    for model in setup.models:
        described = record(model)
        found = survival(described, setup.board.norm, setup.board.eps)
        if found is None:
            continue
        symbol, word = words.ROW[described.is_robust]
        basis = say(
            "{basis}; {clean} without an attack. {attack}.",
            basis=found.robust.basis,
            clean=found.clean,
            attack=found.attack,
        )
        pieces.append(
            f'<div class="av-figure {figures.accent(described)}"><p class="av-name">{symbol} '
            f'{word}</p><p><span class="av-big">{found.robust}</span> '
            f"{rich(say('still right under attack'))} <small>{rich(basis)}</small></p></div>"
        )
    if not pieces:
        return ""
    head = f"<h2>{rich(say('Not just one picture'))}</h2>"
    return show(f'<div class="av-side">{head}{"".join(pieces)}</div>')
