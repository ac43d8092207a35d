"""The Attack page's figures: one attack on one model."""

from advviz import pictures
from advviz.attacks.catalogue import attack_named
from advviz.data import images
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.ui import distances as units
from advviz.ui import figures
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.language import say
from advviz.ui.running import Shown
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, moved, reading, verdict


def draw(setup: Setup, spec: AttackSpec, shown: Shown) -> str:
    """The strip with the verdict; while the search runs, the picture so far below it."""
    described = record(spec.model)
    if shown.result is None:
        original = images.load(spec.image, described.input_size).pixels
        tiles = [
            Tile(picture(pictures.photo(original), say("the original picture")), say("original")),
            Tile(shown.content, say("so far")),
        ]
        strip = figures.strip(described, shown.words or say("one moment"))
        return figures.board(["", ""], [Row(described, strip, tiles)])
    arrays = shown.result.arrays
    before = reading(arrays["original_logits"], described.classes)
    after = reading(arrays["logits"], described.classes)
    saved = reading(arrays["eight_bit_logits"], described.classes)
    judged = verdict(before, after, setup.true_class, setup.target)
    first = shown.result.facts["first_success"]
    when = (
        say("never fooled during the search")
        if first is None
        else say("first fooled at step {first}", first=first)
    )
    strip = figures.strip(
        described,
        judged,
        f"{before} → {after} · {when} · {moved(arrays['adversarial'] - arrays['original'])}",
        say("saved as 8-bit PNG: {saved}", saved=saved),
    )
    return figures.show(f'<div class="{figures.accent(described)}">{strip}</div>')


def followed(setup: Setup, result: Result) -> tuple[str, ...]:
    """The classes whose curves are drawn: the target, and the class to leave."""
    classes = record(setup.model).classes
    right = setup.true_class or reading(result.arrays["original_logits"], classes).label
    end = reading(result.arrays["logits"], classes).label
    return tuple(dict.fromkeys((setup.target or end, right)))


def change(setup: Setup, spec: AttackSpec, result: Result) -> str:
    """Original plus change equals attacked, as pictures."""
    described, gain = record(spec.model), setup.view.gain
    before, after = result.arrays["original"], result.arrays["adversarial"]
    drawn = pictures.perturbation(before, after, int(gain))
    smooth = setup.view.smooth
    tiles = [
        Tile(
            picture(pictures.photo(before), say("the original picture"), 160, smooth),
            say("original"),
        ),
        Tile(
            picture(drawn, say("the change, drawn ×{gain}", gain=gain), 160, smooth),
            say("true change, shown ×{gain}; grey: unchanged", gain=gain),
            "+",
        ),
        Tile(
            picture(pictures.photo(after), say("the attacked picture"), 160, smooth),
            say("attacked"),
            "=",
        ),
    ]
    return figures.board(["", "", ""], [Row(described, "", tiles)], side=160)


def distances(spec: AttackSpec, result: Result) -> str:
    """The measured distances in every unit, of the exact picture and its file, and the budget."""
    before, after = result.arrays["original"], result.arrays["adversarial"]
    rows = [
        [say("measured"), *units.measured(before, after)],
        [say("as 8-bit file"), *units.measured(before, pictures.eight_bit(after))],
        [say("budget"), *units.allowed(spec.norm, spec.eps, before.size)],
    ]
    return figures.table(units.head(), rows)


def saved(setup: Setup, spec: AttackSpec, result: Result) -> str:
    """Say whether the saved 8-bit file still fools, and what to do where it does not."""
    arrays, classes = result.arrays, record(spec.model).classes
    before = reading(arrays["original_logits"], classes)
    exact, file = (reading(arrays[name], classes) for name in ("logits", "eight_bit_logits"))
    judged = verdict(before, file, setup.true_class, setup.target)
    now = verdict(before, exact, setup.true_class, setup.target)
    if judged.kind == "fooled":
        how = say("; the search was among such files") if spec.quantized else ""
        told = say(
            "**{symbol} The 8-bit file fools too:** saved as PNG it is {file}{how}.",
            symbol=judged.symbol,
            file=file,
            how=how,
        )
    elif now.kind == "fooled":
        advice = _advice(spec)
        told = say(
            "**The 8-bit file no longer fools:** saved as PNG it is {file}; {advice}.",
            file=file,
            advice=advice,
        )
    else:
        told = say("**Saved as PNG** the picture is {file}.", file=file)
    return figures.show(f"<p>{figures.rich(told)}</p>")


def _advice(spec: AttackSpec) -> str:
    """Say what to do about a file that does not fool."""
    if spec.quantized:
        return say("no file was found that fools")
    if attack_named(spec.attack).minimal:
        return say("try a larger change, by an attack within a ball with Search in 8 bits")
    return say("try Search in 8 bits")


def caveat(spec: AttackSpec, result: Result) -> str:
    """What the numbers rest on, and what they cannot tell."""
    word = ROW[record(spec.model).is_robust][1].lower()
    zero = int(result.facts["zero_gradient_steps"])
    odd = (
        say(
            " At {zero} steps the gradient was exactly zero and a random direction was taken.",
            zero=zero,
        )
        if zero
        else ""
    )
    if attack_named(spec.attack).minimal and result.facts.get(spec.norm, 0) > spec.eps:
        odd += say(
            " This attack looks for the smallest change, and what it found exceeds the budget."
        )
    return say(
        "Distances and answers are measured on exactly this picture by the unmodified {word} "
        "model; the curve is from the search. Computed in {seconds:.1f} s.{odd} An attack "
        "that fails shows only that this search found nothing.",
        word=word,
        seconds=result.facts["seconds"],
        odd=odd,
    )
