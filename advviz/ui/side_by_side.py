"""The Saliency page's figures: methods side by side, for both models and both pictures."""

from collections.abc import Mapping

from advviz import pictures
from advviz.data import images
from advviz.experiments.explainer_choice import GRADIENT, SMOOTHGRAD
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import AttackSpec, ExplainSpec
from advviz.explain.catalogue import explainers
from advviz.models.records import record
from advviz.ui import explainer_choice, figures, maps, untrained
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import CAPTIONS, TONES, Array, enlarged, reading

PICTURES = ("original", "attacked")


def methods(setup: Setup) -> tuple[str, str]:
    """The gradient, and the method that stands beside it."""
    return GRADIENT, setup.explain_method


def wanted(setup: Setup, model: str) -> dict[tuple[str, str], ExplainSpec]:
    """A model's maps, by picture and method."""
    return {
        (image, method): setup.explain_on(model, method, image)
        for image in PICTURES
        for method in methods(setup)
    }


def attack(setup: Setup, model: str) -> AttackSpec:
    """The attack that makes a model's attacked picture."""
    return setup.board.attack_on(model)


def rows(setup: Setup) -> dict[str, dict[tuple[str, str], ExplainSpec]]:
    """The maps of every row: of the models, then of the copies with random weights beside."""
    trained = {model: wanted(setup, model) for model in setup.models}
    beside = untrained.copies(setup).items()
    return trained | {copy: untrained.wanted(trained[of[0]], copy) for copy, of in beside}


def specs(setup: Setup) -> tuple[Spec, ...]:
    """All maps of the page, and the attacks that they start from."""
    found: list[Spec] = [attack(setup, model) for model in setup.models]
    keys = [(image, method) for image in PICTURES for method in methods(setup)]
    found += [each[key] for key in keys for each in rows(setup).values()]
    return tuple(found)


def draw(setup: Setup, finds: Finds) -> str:
    """The rows of the models, and of the copies beside, as far as they are known."""
    painted, drawn, copies = _maps(setup, finds), [], untrained.copies(setup)
    for name, wants in rows(setup).items():
        described = record(name)
        tiles = []
        for image in PICTURES:
            tiles.append(_photo(setup, name, image, finds))
            tiles += [painted[name, image, method] for method in methods(setup)]
        tiles[3] = Tile(tiles[3].content, tiles[3].caption, "‖")
        drawn.append(Row(described, figures.strip(described, _named(setup, wants, finds)), tiles))
    titles = [title(method) for method in methods(setup)]
    heads = [say("original"), *titles, say("attacked"), *titles]
    below = untrained.note() if copies else ""
    return figures.board(heads, drawn, _captions(setup)) + below


def title(method: str) -> str:
    """Name a method at the head of a column."""
    named = term(explainers()[method].title).partition(":")[0]
    return named.lower() if method == GRADIENT else named


def _named(setup: Setup, wants: Mapping[tuple[str, str], ExplainSpec], finds: Finds) -> str:
    found = [finds[wants[image, "gradient"]].result for image in PICTURES]
    said = [str(result.facts["explained"]) for result in found if result is not None]
    if not said:
        return say("one moment")
    objective = _objective(setup)
    classes = say(" and ").join(map(term, dict.fromkeys(said)))
    return say("what moves the {objective} of {classes}", objective=objective, classes=classes)


def _objective(setup: Setup) -> str:
    explained = setup.explain_on(setup.models[0], "gradient", "original")
    return say("loss") if explained.objective == "cross-entropy" else say("logit")


def _photo(setup: Setup, name: str, image: str, finds: Finds) -> Tile:
    """A row's picture and what its network says of it; a copy receives its model's pictures."""
    described, smooth = record(name), setup.view.smooth
    (model, *_) = untrained.copies(setup).get(name, [name])
    shown = finds[attack(setup, model)]
    logits: Array | None = None
    if image == "original":
        pixels: Array = images.load(setup.board.image, described.input_size).pixels
        logits = None if shown.result is None else shown.result.arrays["original_logits"]
    elif shown.result is None:
        return Tile(shown.content)
    else:
        pixels, logits = shown.result.arrays["adversarial"], shown.result.arrays["logits"]
    if name != model:
        own = finds[rows(setup)[name][image, "gradient"]].result
        logits = None if own is None else own.arrays["logits"]
    said = "" if logits is None else f"**{reading(logits, described.classes)}**"
    drawn = picture(
        pictures.photo(pixels),
        say("the {image} picture, for {word}", image=term(image), word=figures.word(described)),
        smooth=smooth,
    )
    return Tile(drawn, said)


def _maps(setup: Setup, finds: Finds) -> dict[tuple[str, str, str], Tile]:
    """Every map by row, picture and method."""
    tiles: dict[tuple[str, str, str], Tile] = {}
    copies = untrained.copies(setup)
    for method in methods(setup):
        specs = {
            (name, image, method): wants[image, method]
            for name, wants in rows(setup).items()
            for image in PICTURES
        }
        found = {
            key: result.arrays["gradient"]
            for key, spec in specs.items()
            if (result := finds[spec].result)
        }
        drawn = maps.draw({"/".join(key): array for key, array in found.items()}, setup.view)
        for key, spec in specs.items():
            if key not in found:
                tiles[key] = Tile(finds[spec].content)
                continue
            name, image, _ = key
            if name in copies:
                same = copies[name] if image == "original" else copies[name][:1]
                trained = {model: found.get((model, image, method)) for model in same}
                said = untrained.alike(found[key], trained)
            else:
                other = found.get((setup.other(name), image, method))
                said = maps.said(found[key], other, finds[spec].result)
            alt = say(
                "{method} of the {image} picture, {word}",
                method=title(method),
                image=term(image),
                word=figures.word(record(name)),
            )
            body = picture(drawn["/".join(key)], alt, smooth=setup.view.smooth)
            told = (said, explainer_choice.measured(finds[spec].result))
            tiles[key] = Tile(body, " · ".join(filter(None, told)))
    return tiles


def _captions(setup: Setup) -> list[str]:
    spec = wanted(setup, setup.models[0])["original", setup.explain_method]
    named = term(spec.explained)
    if spec.explained == PREDICTED:
        named = say("the class that each model says")
    values = {
        "tone": say(TONES[setup.view.draw]),
        "objective": _objective(setup),
        "named": named,
        "averaged": say("gradient") if spec.magnitude == "signed" else say("squared gradient"),
        "samples": spec.samples,
    }
    gradient = say(CAPTIONS["gradient"], **values)
    smooth = say(CAPTIONS["smoothgrad"], **values)
    if setup.explain_method != SMOOTHGRAD:
        smooth = explainer_choice.caption(setup, named)
    attacked = say(
        "**The attacked picture.** Compare the maps with those on the left: the picture "
        "hardly moved, did they? A map is not a reason."
    )
    original = say(CAPTIONS["original"], enlarged=enlarged(setup.size, figures.SIDE))
    return [original, gradient, smooth, attacked, gradient, smooth]
