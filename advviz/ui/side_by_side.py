"""The Saliency page's figures: methods side by side, for both models and both pictures."""

from advviz import pictures
from advviz.data import images
from advviz.experiments.explainer_choice import GRADIENT, SMOOTHGRAD
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import AttackSpec, ExplainSpec
from advviz.explain.catalogue import explainers
from advviz.models.records import record
from advviz.ui import explainer_choice, figures, maps
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import CAPTIONS, ROW, TONES, Array, enlarged, reading

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


def specs(setup: Setup) -> tuple[Spec, ...]:
    """All maps of the page, and the attacks that they start from."""
    models = setup.models
    found: list[Spec] = [attack(setup, model) for model in models]
    keys = [(image, method) for image in PICTURES for method in methods(setup)]
    found += [wanted(setup, model)[key] for key in keys for model in models]
    return tuple(found)


def draw(setup: Setup, finds: Finds) -> str:
    """Both models' rows as far as they are known."""
    painted = _maps(setup, finds)
    rows = []
    for model in setup.models:
        described = record(model)
        tiles = []
        for image in PICTURES:
            tiles.append(_photo(setup, model, image, finds))
            tiles += [painted[f"{model}/{image}/{method}"] for method in methods(setup)]
        tiles[3] = Tile(tiles[3].content, tiles[3].caption, "‖")
        named = _named(setup, model, finds)
        strip = figures.strip(described, named)
        rows.append(Row(described, strip, tiles))
    titles = [title(method) for method in methods(setup)]
    heads = [say("original"), *titles, say("attacked"), *titles]
    return figures.board(heads, rows, _captions(setup))


def title(method: str) -> str:
    """Name a method at the head of a column."""
    named = term(explainers()[method].title).partition(":")[0]
    return named.lower() if method == GRADIENT else named


def _named(setup: Setup, model: str, finds: Finds) -> str:
    said = []
    for image in PICTURES:
        spec = wanted(setup, model)[image, "gradient"]
        result = finds[spec].result
        if result is not None:
            said.append(str(result.facts["explained"]))
    if not said:
        return say("one moment")
    objective = _objective(setup)
    classes = say(" and ").join(map(term, dict.fromkeys(said)))
    return say("what moves the {objective} of {classes}", objective=objective, classes=classes)


def _objective(setup: Setup) -> str:
    explained = setup.explain_on(setup.models[0], "gradient", "original")
    return say("loss") if explained.objective == "cross-entropy" else say("logit")


def _photo(setup: Setup, model: str, image: str, finds: Finds) -> Tile:
    described, smooth = record(model), setup.view.smooth
    word = ROW[described.is_robust][1]
    shown = finds[attack(setup, model)]
    if image == "original":
        pixels: Array = images.load(setup.board.image, described.input_size).pixels
        logits = None if shown.result is None else shown.result.arrays["original_logits"]
    elif shown.result is None:
        return Tile(shown.content)
    else:
        pixels, logits = shown.result.arrays["adversarial"], shown.result.arrays["logits"]
    said = "" if logits is None else f"**{reading(logits, described.classes)}**"
    drawn = picture(
        pictures.photo(pixels),
        say("the {image} picture, for {word}", image=term(image), word=word),
        smooth=smooth,
    )
    return Tile(drawn, said)


def _maps(setup: Setup, finds: Finds) -> dict[str, Tile]:
    tiles: dict[str, Tile] = {}
    for method in methods(setup):
        specs = {
            f"{model}/{image}/{method}": wanted(setup, model)[image, method]
            for model in setup.models
            for image in PICTURES
        }
        found = {
            name: result.arrays["gradient"]
            for name, spec in specs.items()
            if (result := finds[spec].result)
        }
        drawn = maps.draw(found, setup.view)
        for name, spec in specs.items():
            if name not in drawn:
                tiles[name] = Tile(finds[spec].content)
                continue
            model, image, _ = name.split("/")
            other = found.get(f"{setup.other(model)}/{image}/{method}")
            alt = say(
                "{method} of the {image} picture, {word}",
                method=title(method),
                image=term(image),
                word=ROW[record(model).is_robust][1],
            )
            body = picture(drawn[name], alt, smooth=setup.view.smooth)
            result = finds[spec].result
            told = (maps.said(found[name], other, result), explainer_choice.measured(result))
            tiles[name] = Tile(body, " · ".join(filter(None, told)))
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
