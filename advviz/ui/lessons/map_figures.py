"""Figures of what moves an answer: maps side by side, and one picture asked two questions."""

from advviz import pictures
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import AttackSpec, ExplainSpec
from advviz.models.records import record
from advviz.ui import figures, maps
from advviz.ui.figures import Row, Tile, picture, rich
from advviz.ui.language import say, term
from advviz.ui.lessons.scene import Figure, Scene, original
from advviz.ui.running import Finds
from advviz.ui.words import ROW, reading

METHODS = ("gradient", "smoothgrad")


# --- gradient and SmoothGrad of both models ------------------------------------


def _wanted(scene: Scene, model: str) -> dict[str, ExplainSpec]:
    of = scene.setup.board.explained_image
    return {method: scene.setup.explain_on(model, method, of) for method in METHODS}


def _attack(scene: Scene, model: str) -> AttackSpec | None:
    attacked = scene.setup.board.explained_image == "attacked"
    return scene.setup.board.attack_on(model) if attacked else None


def _map_specs(scene: Scene) -> tuple[Spec, ...]:
    attacks = [a for model in scene.models if (a := _attack(scene, model)) is not None]
    return (*attacks, *(s for model in scene.models for s in _wanted(scene, model).values()))


def _maps(scene: Scene, finds: Finds) -> str:
    found = {
        f"{model}/{method}": result.arrays["gradient"]
        for model in scene.models
        for method, spec in _wanted(scene, model).items()
        if (result := finds[spec].result)
    }
    drawn, rows = maps.draw(found, scene.setup.view), []
    for model in scene.models:
        tiles, named = [_photo(scene, model, finds)], say("one moment")
        for method, spec in _wanted(scene, model).items():
            name, shown = f"{model}/{method}", finds[spec]
            if shown.result is None:
                tiles.append(Tile(shown.content))
                continue
            named = say(
                "what moves the loss of {name}", name=term(str(shown.result.facts["explained"]))
            )
            other = found.get(f"{scene.setup.other(model)}/{method}")
            body = picture(drawn[name], f"{method}, {ROW[record(model).is_robust][1]}")
            tiles.append(Tile(body, maps.said(found[name], other, shown.result)))
        rows.append(Row(record(model), figures.strip(record(model), named), tiles))
    return figures.board(_heads(scene), rows, _captions(scene), scene.side)


def _heads(scene: Scene) -> tuple[str, ...]:
    attacked = scene.setup.board.explained_image == "attacked"
    return say("attacked") if attacked else say("original"), say("gradient"), "SmoothGrad"


def _photo(scene: Scene, model: str, finds: Finds) -> Tile:
    attack = _attack(scene, model)
    if attack is None:
        return original(scene, model)
    result = finds[attack].result
    if result is None:
        return Tile(finds[attack].content)
    said = reading(result.arrays["logits"], record(model).classes)
    drawn = pictures.photo(result.arrays["adversarial"])
    return Tile(picture(drawn, say("the attacked picture")), f"**{said}**")


def _captions(scene: Scene) -> list[str]:
    board = scene.setup.board
    return [
        say("**What the network receives.** A map has one value for each of these pixels."),
        say(
            "**Gradient.** Where it is strong, a tiny change of the pixel moves the loss most. "
            "That is not the same as good evidence for the answer."
        ),
        say(
            "**SmoothGrad**, the mean over {n} noisy copies, σ {sigma} of the range. Look for "
            "outlines. Cleaner is not necessarily truer.",
            n=board.samples,
            sigma=f"{board.sigma:g}",
        ),
    ]


# --- one picture, two questions --------------------------------------------------


def _questions(scene: Scene, model: str) -> dict[str, ExplainSpec]:
    setup = scene.setup
    asked = {"true": setup.true_class or PREDICTED, "target": setup.target or PREDICTED}
    return {
        role: setup.with_explained(name).explain_on(model, "smoothgrad", "attacked")
        for role, name in asked.items()
    }


def _question_specs(scene: Scene) -> tuple[Spec, ...]:
    attacks = [scene.setup.board.attack_on(model) for model in scene.models]
    return (*attacks, *(s for model in scene.models for s in _questions(scene, model).values()))


def _question_board(scene: Scene, finds: Finds) -> str:
    rows = []
    for model in scene.models:
        asked, tiles, found = _questions(scene, model), [], []
        attack = finds[scene.setup.board.attack_on(model)]
        if attack.result is None:
            tiles.append(Tile(attack.content))
        else:
            said = reading(attack.result.arrays["logits"], record(model).classes)
            drawn = pictures.photo(attack.result.arrays["adversarial"])
            tiles.append(Tile(picture(drawn, say("the attacked picture")), f"**{said}**"))
        for spec in asked.values():
            shown = finds[spec]
            if shown.result is None:
                tiles.append(Tile(shown.content))
                continue
            found.append(shown.result.arrays["gradient"])
            drawn = maps.draw({"one": found[-1]}, scene.setup.view)["one"]
            alt = say("what moves the loss of {name}", name=term(spec.explained))
            tiles.append(Tile(picture(drawn, alt), alt))
        told = say("one moment")
        if len(found) == len(asked):
            told = say(
                "rank correlation of the two maps: {r}",
                r=f"{pictures.rank_correlation(*found):.2f}",
            )
        rows.append(Row(record(model), figures.strip(record(model), told), tiles))
    setup = scene.setup
    heads = [
        say("attacked"),
        say("asked for {name}", name=term(setup.true_class or "") or say("its answer")),
        say("asked for {name}", name=term(setup.target or "") or say("its answer")),
    ]
    told = say(
        "SmoothGrad of one and the same fooled picture, for the class that it shows and for the "
        "class that the network says. 1 would be the same map, 0 an unrelated one. A map says "
        "where the picture acts on a score; it does not say for which answer it speaks."
    )
    drawn_board = figures.board(heads, rows, side=scene.side)
    return drawn_board + figures.show(f'<p class="av-quiet av-below">{rich(told)}</p>')


MAPS = Figure(_map_specs, _maps)
QUESTIONS = Figure(_question_specs, _question_board)
