"""The gates of the presets: what must hold on the shipped weights, after rounding to 8 bits.

A gate measures one candidate. It says what it found, whether that passes, and with which spec;
the budget is the same for both models.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from advviz import pictures
from advviz.attacks.random_noise import random_noise
from advviz.compute import Engine
from advviz.data import images
from advviz.evaluation.as_files import EightBit, as_file
from advviz.evaluation.showcase import predicted, probability, screen
from advviz.experiments.board import BoardSpec
from advviz.experiments.links import AnySpec
from advviz.experiments.preset_words import FIRST
from advviz.experiments.presets import ROBUST, STANDARD, STRENGTHS
from advviz.experiments.references import made_by, true_class
from advviz.experiments.specs import AttackSpec, ExplainSpec, PredictSpec, VisualizeSpec
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.randomized import random_copy
from advviz.models.records import record
from advviz.noise import Noise
from advviz.protocol import run
from advviz.threat_models import threat_model

DRAWS, CHANGED_AT_MOST = 100, 2
RATIO = 3.0  # of the first stops of the two models
NAMED_AT_LEAST = 2
TRIOS = {
    "goldfish": ("goldfish", "coffee", "dog"),
    "bus": ("bus", "butterfly", "fruit"),
    "bird": ("bird", "spider", "car"),
}
"""Classes that are drawn together, by the first of them."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What a gate found of one candidate."""

    spec: AnySpec
    measured: dict[str, Any]
    passed: bool


Gate = Callable[[Engine, Any], Screened]


def answer(engine: Engine, model: str, image: str) -> str:
    """Return the class that a model gives an image."""
    return predicted(
        engine.run(PredictSpec(model=model, image=image)).arrays["logits"], record(model)
    )


def known(spec: BoardSpec | ExplainSpec) -> str:
    """Return the class that the picture of a candidate shows."""
    return true_class(spec.image, record(STANDARD)) or ""


def both_right(engine: Engine, image: str) -> dict[str, Any]:
    """Return what both models say of the picture as it is."""
    return {f"{model} before": answer(engine, model, image) for model in (STANDARD, ROBUST)}


def smallest_stop(engine: Engine, board: BoardSpec) -> Screened:
    """Judge the first preset: the smallest stop at which one model gives way and the other not."""
    tried: list[dict[str, Any]] = []
    for eps in STRENGTHS:
        if 0 < eps <= record(board.robust).training_eps:
            here = replace(board, eps=eps)
            tried.append(screen(engine, here, known(board)))
            if tried[-1].pop("passed"):
                return Screened(here, {**tried[-1], "stops": tried[:-1]}, True)
    return Screened(board, {"stops": tried}, False)


def at_this_eps(engine: Engine, board: BoardSpec) -> Screened:
    """Judge as the first preset, at the budget of the candidate."""
    found = screen(engine, board, known(board))
    return Screened(board, found, found.pop("passed"))


def only_noise(engine: Engine, board: BoardSpec) -> Screened:
    """Judge the control: random directions change next to nothing, and the attack reaches."""
    described = record(board.standard)
    pixels = images.load(board.image, described.input_size).pixels
    eyes = EightBit(Classifier(load_model(board.standard)))
    search = random_noise(
        torch.from_numpy(pixels.copy())[None],
        threat_model(board.norm, board.eps),
        DRAWS,
        noise=Noise(board.seed),
    )
    found = run(search, eyes)
    changed = int((found.logits.argmax(-1) != found.original_logits.argmax(-1)).sum())
    attacked = engine.run(board.attack_on(board.standard)).arrays["eight_bit_logits"]
    before = both_right(engine, board.image)
    measured = {
        **before,
        "random directions": DRAWS,
        "changed by chance": changed,
        "attack": predicted(attacked, described),
    }
    right = set(before.values()) == {known(board)}
    reached = measured["attack"] == board.target
    return Screened(board, measured, right and reached and changed <= CHANGED_AT_MOST)


def any_answer(engine: Engine, board: BoardSpec) -> Screened:
    """Judge whether the standard model is driven to every class but the true one."""
    described, shown = record(board.standard), known(board)
    before = answer(engine, board.standard, board.image)
    targets = [name for name in described.classes if name != shown]
    reached = {}
    for name in targets:
        attack = replace(board, target=name).attack_on(board.standard)
        logits = engine.run(attack).arrays["eight_bit_logits"]
        if predicted(logits, described) == name:
            reached[name] = round(probability(logits, described, name), 4)
    measured = {"standard before": before, "classes": len(targets), "reached": reached}
    spec = board.attack_on(board.standard)
    return Screened(spec, measured, before == shown and len(reached) == len(targets))


def how_small(engine: Engine, board: BoardSpec) -> Screened:
    """Judge how far apart the first stops are at which each model gives the target."""
    before = both_right(engine, board.image)
    first: dict[str, float | None] = {}
    for model in (board.standard, board.robust):
        first[model] = next(
            (eps for eps in STRENGTHS[1:] if _reaches(engine, replace(board, eps=eps), model)), None
        )
    low, high = first[board.standard], first[board.robust]
    ratio = high / low if low and high else None
    measured = {**before, "first stop": first, "ratio": ratio}
    apart = low is not None and (high is None or high / low >= RATIO)
    spec = board if low is None else replace(board, eps=low)
    return Screened(spec, measured, set(before.values()) == {known(board)} and apart)


def _reaches(engine: Engine, board: BoardSpec, model: str) -> bool:
    logits = engine.run(board.attack_on(model)).arrays["eight_bit_logits"]
    return predicted(logits, record(model)) == board.target


def exchanged(engine: Engine, board: BoardSpec) -> dict[str, dict[str, str]]:
    """Return, for each model's attacked picture as its file, what both models say of it."""
    found: dict[str, dict[str, str]] = {}
    for maker in (board.standard, board.robust):
        file = as_file(engine.run(board.attack_on(maker)).arrays["adversarial"])
        found[maker] = {
            model: answer(engine, model, file) for model in (board.standard, board.robust)
        }
    return found


def whose_weakness(engine: Engine, board: BoardSpec) -> Screened:
    """Measure what each model says of each model's attacked picture; any outcome will do."""
    before = both_right(engine, board.image)
    measured = {**before, "made on, tried on": exchanged(engine, board)}
    return Screened(board, measured, set(before.values()) == {known(board)})


def two_ways(engine: Engine, board: BoardSpec) -> Screened:
    """Judge whether both give way, and only the robust model's picture convinces the other."""
    before, made = both_right(engine, board.image), exchanged(engine, board)
    target = board.target
    by_standard, by_robust = made[board.standard], made[board.robust]
    passed = (
        set(before.values()) == {known(board)}
        and by_standard[board.standard] == by_robust[board.robust] == target
        and by_robust[board.standard] == target
        and by_standard[board.robust] != target
    )
    return Screened(board, {**before, "made on, tried on": made}, passed)


def what_moves(engine: Engine, spec: ExplainSpec) -> Screened:
    """Judge whether both models are right, so that both maps are of a right answer.

    How alike the maps of a copy with random weights are is measured beside; any outcome will do.
    """
    before, alike = both_right(engine, spec.image), {}
    for model in (STANDARD, ROBUST):
        for method in ("gradient", "smoothgrad"):
            drawn = [
                engine.run(replace(spec, model=each, method=method)).arrays["gradient"]
                for each in (model, random_copy(model))
            ]
            alike[f"{model} {method}"] = round(pictures.rank_correlation(*drawn), 3)
    measured = {**before, "rank correlation with random weights": alike}
    return Screened(spec, measured, set(before.values()) == {known(spec)})


def two_questions(engine: Engine, spec: ExplainSpec) -> Screened:
    """Measure how alike the maps of a fooled picture are for the true class and the target."""
    (attack,) = made_by(spec.image)
    if not isinstance(attack, AttackSpec):
        raise TypeError("the candidates of this preset explain attacked pictures")
    judged = at_this_eps(engine, BoardSpec().with_attack(attack))
    measured = dict(judged.measured)
    for model in (STANDARD, ROBUST):
        file = as_file(engine.run(replace(attack, model=model)).arrays["adversarial"])
        asked = replace(spec, model=model, image=file)
        maps = [
            np.abs(engine.run(replace(asked, explained=name)).arrays["gradient"]).sum(axis=0)
            for name in (known(spec), attack.target)
        ]
        alike = np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1]
        measured[f"{model} correlation of the maps"] = round(float(alike), 3)
    return Screened(spec, measured, judged.passed)


def favourites(engine: Engine, spec: VisualizeSpec) -> Screened:
    """Judge whether the standard model names what the robust one draws."""
    trio = TRIOS[spec.unit.partition(":")[2]]
    named: dict[str, dict[str, str]] = {STANDARD: {}, ROBUST: {}}
    for artist, viewer in ((STANDARD, ROBUST), (ROBUST, STANDARD)):
        for name in trio:
            drawn = engine.run(replace(spec, model=artist, unit=f"class:{name}"))
            named[artist][name] = answer(engine, viewer, as_file(drawn.arrays["picture"]))
    hits = sum(name == said for name, said in named[ROBUST].items())
    words = {f"drawn by {artist}, named by the other": said for artist, said in named.items()}
    return Screened(spec, words, hits >= NAMED_AT_LEAST)


GATES: dict[str, Gate] = {
    FIRST: smallest_stop,
    "only-noise": only_noise,
    "any-answer": any_answer,
    "vanishing-car": at_this_eps,
    "how-small": how_small,
    "whose-weakness": whose_weakness,
    "two-ways": two_ways,
    "what-moves": what_moves,
    "two-questions": two_questions,
    "favourites": favourites,
}
"""By the preset's id."""
