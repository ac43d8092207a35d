"""The Attack page's figures: one attack on one model."""

from advviz import pictures
from advviz.data import images
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.running import Shown
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, moved, reading, short, verdict


def draw(setup: Setup, spec: AttackSpec, shown: Shown) -> str:
    """The strip with the verdict; while the search runs, the picture so far below it."""
    described = record(spec.model)
    if shown.result is None:
        original = images.load(spec.image, described.input_size).pixels
        tiles = [
            Tile(picture(pictures.photo(original), "the original picture"), "original"),
            Tile(shown.content, "so far"),
        ]
        strip = figures.strip(described, shown.words or "one moment")
        return figures.board(["", ""], [Row(described, strip, tiles)])
    arrays = shown.result.arrays
    before = reading(arrays["original_logits"], described.classes)
    after = reading(arrays["logits"], described.classes)
    saved = reading(arrays["eight_bit_logits"], described.classes)
    judged = verdict(before, after, setup.true_class, setup.target)
    first = shown.result.facts["first_success"]
    when = "never fooled during the search" if first is None else f"first fooled at step {first}"
    strip = figures.strip(
        described,
        judged,
        f"{before} → {after} · {when} · {moved(arrays['adversarial'] - arrays['original'])}",
        f"saved as 8-bit PNG: {saved}",
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
        Tile(picture(pictures.photo(before), "the original picture", 160, smooth), "original"),
        Tile(
            picture(drawn, f"the change, drawn ×{gain}", 160, smooth),
            f"true change, shown ×{gain}; grey: unchanged",
            "+",
        ),
        Tile(picture(pictures.photo(after), "the attacked picture", 160, smooth), "attacked", "="),
    ]
    return figures.board(["", "", ""], [Row(described, "", tiles)], side=160)


def distances(spec: AttackSpec, result: Result) -> str:
    """The measured distances in every unit, beside the budget."""
    pixels = result.arrays["original"].size ** 0.5
    l2, linf = float(result.facts["l2"]), float(result.facts["linf"])
    free = "not limited"
    bound = {
        "l1": [free, free, free],
        "l2": [f"{spec.eps:g}", f"{short(255 * spec.eps / pixels)} of 255", free],
        "linf": [free, free, f"{255 * spec.eps:.4g} of 255"],
    }[spec.norm]
    rows = [
        ["measured", f"{l2:.4f}", f"{short(255 * l2 / pixels)} of 255", f"{255 * linf:.3g} of 255"],
        ["budget", *bound],
    ]
    head = ["", "L2", "L2 as RMS a pixel", "L∞, largest pixel"]
    if spec.norm == "l1":
        head.insert(1, "L1")
        change = result.arrays["adversarial"].astype("float64") - result.arrays["original"]
        rows[0].insert(1, f"{abs(change).sum():.4f}")
        rows[1].insert(1, f"{spec.eps:g}")
    return figures.table(head, rows)


def caveat(spec: AttackSpec, result: Result) -> str:
    """What the numbers rest on, and what they cannot tell."""
    word = ROW[record(spec.model).is_robust][1].lower()
    zero = int(result.facts["zero_gradient_steps"])
    odd = (
        f" At {zero} steps the gradient was exactly zero and a random direction was taken."
        if zero
        else ""
    )
    return (
        f"Distances and answers are measured on exactly this picture by the unmodified {word} "
        f"model; the curve is from the search. Computed in {result.facts['seconds']:.1f} s.{odd} "
        "An attack that fails shows only that this search found nothing."
    )
