"""Is a fooled network unsure? A threshold on confidence, set on clean pictures, tried on others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from math import floor

from advviz import pictures
from advviz.data import gallery, images
from advviz.data.images import SAMPLE_PREFIX
from advviz.experiments.references import true_class
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.figures import picture, rich
from advviz.ui.language import say, term
from advviz.ui.lessons.scene import Figure, Scene
from advviz.ui.running import Finds
from advviz.ui.words import Reading, percent, reading

THUMBNAIL = 64
REFUSED = 0.1  # share of right answers on clean pictures that the threshold may turn away


@dataclass(frozen=True, slots=True)
class Pair:
    """What a network says of a picture, and of the same picture attacked."""

    spec: AttackSpec
    right: str
    before: Reading
    after: Reading

    @property
    def was_right(self) -> bool:
        """Say whether it was right before the attack."""
        return self.before.label == self.right

    @property
    def is_fooled(self) -> bool:
        """Say whether it was right, and is not any more."""
        return self.was_right and self.after.label != self.right


def threshold(clean: Sequence[float]) -> float:
    """Set the threshold that at most one in ten right answers on clean pictures falls below.

    Args:
        clean: confidences of right answers, at least one.
    """
    return sorted(clean)[floor(REFUSED * len(clean))]


def _specs(scene: Scene) -> tuple[AttackSpec, ...]:
    """The attack of the set-up, away from the true class, on every picture that has one."""
    setup = scene.setup
    described, attack = record(setup.model), setup.board.attack_on(setup.model)
    refs = [f"{SAMPLE_PREFIX}{s.id}" for s in gallery.samples(described.input_size)]
    return tuple(
        replace(attack, image=ref, target="any") for ref in refs if true_class(ref, described)
    )


def _pairs(scene: Scene, finds: Finds) -> list[Pair]:
    described, found = record(scene.setup.model), []
    for spec in _specs(scene):
        result = finds[spec].result
        if result is not None:
            before = reading(result.arrays["original_logits"], described.classes)
            after = reading(result.arrays["logits"], described.classes)
            found.append(Pair(spec, true_class(spec.image, described) or "", before, after))
    return found


def _draw(scene: Scene, finds: Finds) -> str:
    described, pairs = record(scene.setup.model), _pairs(scene, finds)
    total = len(finds)
    if len(pairs) < total:
        told = say("{n} of {all} pictures attacked", n=len(pairs), all=total)
        waiting = [s.words for s in finds.values() if s.result is None and s.words]
        body = f"<p>{escape(waiting[0])}</p>" if waiting else ""
        return figures.show(
            f'<div class="{_accent(scene)}">{figures.strip(described, told)}</div>{body}'
        )
    right = [pair for pair in pairs if pair.was_right]
    if not right:
        return figures.show(f"<p>{rich(say('It is right on none of the pictures.'))}</p>")
    level = threshold([pair.before.confidence for pair in right])
    fooled = [pair for pair in right if pair.is_fooled]
    past = [pair for pair in fooled if pair.after.confidence >= level]
    told = say(
        "{fooled} of {right} fooled; {past} of these pass the threshold",
        fooled=len(fooled),
        right=len(right),
        past=len(past),
    )
    cells = "".join(_cell(scene, pair, finds) for pair in right)
    words = say(
        "**The threshold is {level}**: of the {n} pictures that it gets right as they are, at "
        "most one in ten falls below. Upper bar: how sure it is of the clean picture; lower bar: "
        "of its answer to the attacked one. Few pictures, one attack; another may leave it less "
        "sure.",
        level=percent(level),
        n=len(right),
    )
    return figures.show(
        f'<div class="{_accent(scene)}">{figures.strip(described, told)}</div>'
        f'<div class="av-pairs">{cells}</div><p class="av-quiet av-below">{rich(words)}</p>'
    )


def _accent(scene: Scene) -> str:
    return figures.accent(record(scene.setup.model))


def _cell(scene: Scene, pair: Pair, finds: Finds) -> str:
    described, result = record(scene.setup.model), finds[pair.spec].result
    if result is None:
        return ""
    drawn = picture(
        pictures.photo(result.arrays["adversarial"]), say("the attacked picture"), THUMBNAIL
    )
    symbol = "✗" if pair.is_fooled else "✓"
    bars = figures.bars(
        described,
        (
            (term(pair.before.label), pair.before.confidence, percent(pair.before.confidence)),
            (
                f"{symbol} {term(pair.after.label)}",
                pair.after.confidence,
                percent(pair.after.confidence),
            ),
        ),
    )
    return f"<div>{drawn}{bars}</div>"


def _before(scene: Scene) -> str:
    described = record(scene.setup.model)
    told = say("your prediction first")
    cells = []
    for spec in _specs(scene):
        alt = say("the original picture")
        pixels = images.load(spec.image, described.input_size).pixels
        cells.append(f"<div>{picture(pictures.photo(pixels), alt, THUMBNAIL)}</div>")
    row = figures.strip(described, told)
    return figures.show(
        f'<div class="{_accent(scene)}">{row}</div><div class="av-thumbs">{"".join(cells)}</div>'
    )


CONFIDENCE = Figure(_specs, _draw, before=_before)
