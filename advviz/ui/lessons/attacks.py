"""Figures of attacks: one, many along a series, from one model to another, beside noise."""

from dataclasses import replace
from typing import Any

from advviz import pictures
from advviz.experiments.board import BoardSpec
from advviz.experiments.codec import to_link
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.specs import AttackSpec, PredictSpec
from advviz.fields import read
from advviz.models.records import record
from advviz.ui import ball_picture, board, components, figures, single, words
from advviz.ui.fields import meta_of
from advviz.ui.figures import Row, Tile, picture, rich
from advviz.ui.language import say, term
from advviz.ui.lessons.scene import Figure, Scene, judged, original
from advviz.ui.rows import control, wanted
from advviz.ui.running import Finds
from advviz.ui.strengths import in_norm
from advviz.ui.words import ROW, Verdict, reading

SMALL = 128
"""CSS pixels of a picture of a longer series: 2 times 64."""
MANY = 4


# --- one attack, both models ------------------------------------------------


def _attacks(scene: Scene) -> tuple[Spec, ...]:
    return tuple(wanted(scene.setup, model).attack for model in scene.models)


def _board(scene: Scene, finds: Finds) -> str:
    setup, rows = scene.setup, []
    for model in scene.models:
        row = wanted(setup, model)
        first, change, attacked = board.photos(setup, row, finds)
        tiles = [first, replace(change, operator="+"), replace(attacked, operator="=")]
        rows.append(Row(row.record, board.strip(setup, row, finds), tiles))
    heads = (say("original"), say("the change"), say("attacked"))
    return figures.board(heads, rows, _board_captions(scene), scene.side)


def _board_captions(scene: Scene) -> list[str]:
    gain = scene.setup.view.gain
    return [
        say("**What the network receives**, at its own size. It says nothing of the whole photo."),
        say(
            "**The change, drawn ×{gain}.** Grey: unchanged. Quiet to you does not mean harmless "
            "to a network.",
            gain=gain,
        ),
        say(
            "**Original plus change, exactly.** Can you tell them apart? One picture is an "
            "anecdote."
        ),
    ]


def _ball(scene: Scene, _finds: Finds) -> None:
    """Under the attack, the ball that it searched."""
    import streamlit as st

    components.drawing(ball_picture.drawing(scene.setup.board.norm), "av.lesson.ball")
    st.html(figures.show(f'<p class="av-quiet">{rich(term(ball_picture.CAPTION))}</p>'))


# --- same-size noise beside the attack ---------------------------------------


def _noise_specs(scene: Scene) -> tuple[Spec, ...]:
    return (*_attacks(scene), *(control(scene.setup, model) for model in scene.models))


def _noise(scene: Scene, finds: Finds) -> str:
    rows = []
    for model in scene.models:
        spec, described = control(scene.setup, model), record(model)
        row = wanted(scene.setup, model)
        random, attack = finds[spec], finds[row.attack]
        tiles = [original(scene, model), Tile(random.content), Tile(attack.content)]
        told: Verdict | str = random.words or attack.words
        if random.result is not None:
            facts = random.result.facts
            drawn = pictures.photo(random.result.arrays["example"])
            said = say(
                "**{changed} of {draws}** such changes alter the answer",
                changed=facts["changed"],
                draws=facts["draws"],
            )
            tiles[1] = Tile(picture(drawn, say("random noise of the same size")), said)
        if attack.result is not None:
            verdict, after = judged(scene, described, attack.result)
            drawn = pictures.photo(attack.result.arrays["adversarial"])
            tiles[2] = Tile(picture(drawn, say("the attacked picture")), f"**{after}**")
            told = told or verdict
        rows.append(Row(described, figures.strip(described, told), tiles))
    heads = (say("original"), say("plus random noise"), say("plus the attack's change"))
    captions = [
        say("**The same picture in every row.**"),
        say(
            "**One of a hundred random directions** of the attack's length. They show what chance "
            "does at this size, not what a larger noise would do."
        ),
        say("**The direction that was searched for.** As long as the noise; is it as harmless?"),
    ]
    return figures.board(heads, rows, captions, scene.side)


# --- a series: one thing changes from picture to picture ---------------------


def stops(scene: Scene) -> list[tuple[str, BoardSpec]]:
    """The boards of a series, each with the words that stand above it."""
    setup, over = scene.setup, scene.experiment.over
    found = []
    for text in scene.experiment.values:
        changes: dict[str, Any] = {over: read(over, text, meta_of(BoardSpec, over))}
        if over == "norm":
            changes = in_norm(setup, text) if text != setup.board.norm else changes
        changed = replace(setup.board, **changes)
        found.append((_head(over, changed), changed))
    return found


def _head(over: str, spec: BoardSpec) -> str:
    if over == "steps":
        return say("1 step") if spec.steps == 1 else say("{n} steps", n=spec.steps)
    return (
        words.strength(spec.norm, spec.eps) if over in ("eps", "norm") else f"→ {term(spec.target)}"
    )


def _series_specs(scene: Scene) -> tuple[Spec, ...]:
    return tuple(s.attack_on(model) for _, s in stops(scene) for model in scene.models)


def _series(scene: Scene, finds: Finds) -> str:
    all_stops, rows = stops(scene), []
    for model in scene.models:
        described, tiles, fooled, open_ones = record(model), [], 0, 0
        for _, spec in all_stops:
            shown = finds[spec.attack_on(model)]
            if shown.result is None:
                tiles.append(Tile(shown.content))
                open_ones += shown.error is None
                continue
            there = replace(scene, setup=scene.setup.with_shared(spec))
            verdict, after = judged(there, described, shown.result)
            fooled += verdict.kind == "fooled"
            alt = f"{say('the attacked picture')}: {verdict}"
            drawn = picture(pictures.photo(shown.result.arrays["adversarial"]), alt)
            tiles.append(Tile(drawn, f"**{verdict.symbol} {after}**"))
        counted = say("fooled at {n} of {all}", n=fooled, all=len(all_stops))
        strip = figures.strip(described, say("one moment") if open_ones else counted)
        rows.append(Row(described, strip, tiles))
    few = len(all_stops) <= MANY
    side = (240 if scene.presenting else 192) if few else (160 if scene.presenting else SMALL)
    drawn = figures.board([head for head, _ in all_stops], rows, side=side)
    told = say(
        "✗ fooled · ◐ wrong, but not your target · ✓ held against this attack · – wrong before "
        "it. Each network is attacked through its own gradients, with the same budget. One "
        "picture is an anecdote."
    )
    return drawn + figures.show(f'<p class="av-quiet av-below">{rich(told)}</p>')


# --- made on one model, tried on the other -----------------------------------


def _tried(scene: Scene, maker: str, viewer: str) -> Spec:
    attack = scene.setup.board.attack_on(maker)
    if viewer == maker:
        return attack
    return PredictSpec(model=viewer, image=RESULT + to_link(attack))


def _transfer_specs(scene: Scene) -> tuple[Spec, ...]:
    both = scene.setup.models
    return tuple(_tried(scene, maker, viewer) for maker in both for viewer in both)


def _transfer(scene: Scene, finds: Finds) -> str:
    setup, rows = scene.setup, []
    for maker in setup.models:
        attack = finds[setup.board.attack_on(maker)]
        tiles = [original(scene, maker)]
        for viewer in setup.models:
            shown = finds[_tried(scene, maker, viewer)]
            if shown.result is None or attack.result is None:
                tiles.append(Tile(shown.content))
                continue
            after = reading(shown.result.arrays["logits"], record(viewer).classes)
            right = after.label == setup.true_class
            symbol = "✓" if right else "✗" if after.label == setup.target else "◐"
            drawn = picture(
                pictures.photo(attack.result.arrays["adversarial"]), say("the attacked picture")
            )
            tiles.append(Tile(drawn, f"**{symbol} {after}**"))
        told = attack.words or say("pictures made on this network")
        rows.append(Row(record(maker), figures.strip(record(maker), told), tiles))
    viewers = [" ".join(ROW[record(viewer).is_robust]) for viewer in setup.models]
    heads = [say("original"), *(say("shown to {model}", model=viewer) for viewer in viewers)]
    told = say(
        "A row is one attacked picture, made with that network's gradients alone; a column is "
        "the network that looks at it. Off the diagonal nobody asked the network that answers. "
        "Two networks and one picture: a single cell says little."
    )
    drawn = figures.board(heads, rows, side=scene.side)
    return drawn + figures.show(f'<p class="av-quiet av-below">{rich(told)}</p>')


# --- step by step --------------------------------------------------------------


def _one(scene: Scene) -> AttackSpec:
    return scene.setup.board.attack_on(scene.setup.model)


def _replay_strip(scene: Scene, finds: Finds) -> str:
    spec = _one(scene)
    return single.draw(scene.setup, spec, finds[spec])


def _replay(scene: Scene, finds: Finds) -> None:
    spec = _one(scene)
    result = finds[spec].result
    if result is not None:
        followed = single.followed(scene.setup, result)
        smooth = scene.setup.view.smooth
        components.replay(
            record(spec.model), result, followed, spec.norm, smooth=smooth, key="av.lesson.replay"
        )


BOARD = Figure(_attacks, _board)
BALL = Figure(_attacks, _board, after=_ball)
NOISE = Figure(_noise_specs, _noise)
SERIES = Figure(_series_specs, _series)
TRANSFER = Figure(_transfer_specs, _transfer)
REPLAY = Figure(lambda scene: (_one(scene),), _replay_strip, after=_replay)
