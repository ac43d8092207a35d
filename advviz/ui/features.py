"""The page "Bugs or features?": what was found, drawn as bars, weights and training images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from advviz import pictures
from advviz.data.digits import CREDIT
from advviz.data.two_classes import DIGITS
from advviz.experiments.features import NETWORKS, FeaturesSpec
from advviz.experiments.result import Array, Result
from advviz.ui.figures import Tile, behind, picture, rich, show, table, tile, waiting
from advviz.ui.language import say
from advviz.ui.running import Finds

SIDE = 96  # CSS pixels of a picture
BARS = ("clean_accuracy", "mislabelled_training", "control_random", "control_flipped")
CHANCE = 0.5
Measured = dict[str, Any]


def draw(spec: FeaturesSpec, finds: Finds) -> str:
    """The page as far as it is known."""
    shown = finds[spec]
    if shown.result is None:
        words = waiting(shown.words, shown.share)
        verdict = say("training, attacking, training again …")
        return show(
            f'{_strip(verdict, shown.error or "")}<div class="av-asked">{words}</div>{_story()}'
        )
    result = shown.result
    return show(
        _strip(_verdict(result), _detail(spec, result))
        + _chart(result)
        + _numbers(result)
        + _weights(spec, result)
        + _examples(spec, result)
    )


def intro() -> str:
    """The question, before anything is shown."""
    question = say("Train a classifier on pictures whose labels are all wrong. Why is it right?")
    answer = say(
        "Every training picture is changed until a first classifier takes it for the other class, "
        "and gets that class as its label. Whoever sees the original calls all of these labels "
        "wrong. A new classifier that has seen nothing else is then tested on clean pictures."
    )
    return show(
        f'<p class="av-question">{rich(question)}</p><p class="av-answer">{rich(answer)}</p>'
    )


def _story() -> str:
    words = say("The chart, the weights and the training pictures appear here.")
    return f'<p class="av-lab-said">{rich(words)}</p>'


def _strip(verdict: str, detail: str) -> str:
    return (
        f'<div class="av-strip"><span class="av-verdict">{rich(verdict)}</span>'
        f'<span class="av-detail">{rich(detail)}</span></div>'
    )


def _verdict(result: Result) -> str:
    new = result.facts["mislabelled_training"]
    if new is None:
        return say("Nothing to train on: the attack fooled too few pictures. Raise eps.")
    if new["low"] > CHANCE:
        return say(
            "It never saw a right label, and is right about {share} of clean test pictures.",
            share=_percent(new["value"]),
        )
    if new["value"] > CHANCE:
        return say(
            "Not with every seed: right about {share} on average, {low} at worst. Take more "
            "pictures, or another eps.",
            share=_percent(new["value"]),
            low=_percent(new["low"]),
        )
    return say(
        "Here it fails: right about {share} of clean test pictures. Take more pictures, or "
        "another eps.",
        share=_percent(new["value"]),
    )


def _detail(spec: FeaturesSpec, result: Result) -> str:
    facts = result.facts
    return say(
        "{first} against {second} · fooled {fooled} of the training pictures it had right · "
        "{kept} kept on average · {test} test pictures · {seeds} seeds",
        first=spec.names[0],
        second=spec.names[1],
        fooled=_percent(facts["fooled"]["value"]),
        kept=f"{facts['kept']['value']:.0f}",
        test=facts["test_images"],
        seeds=len(facts["fooled"]["seeds"]),
    )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share in (0, 1) or 0.1 <= share <= 0.9 else f"{share:.1%}"


def labels() -> dict[str, str]:
    """Name every bar by what its classifier was trained on."""
    return {
        "clean_accuracy": say("true labels (the first classifier)"),
        "mislabelled_training": say("**mislabelled adversarial pictures alone**"),
        "control_random": say("control: moved as far at random, same wrong labels"),
        "control_flipped": say("control: not moved, same wrong labels"),
    }


def _chart(result: Result) -> str:
    """Accuracy on clean test images by what a classifier was trained on."""
    head = say("Right about clean test pictures, by what the classifier was trained on")
    bars = "".join(_bar(name, words, result.facts[name]) for name, words in labels().items())
    said = say(
        "**What it is:** accuracy on test pictures that nobody has changed; a bar is the mean over "
        "seeds, its whisker runs from the lowest seed to the highest; the line is chance. "
        "**Notice:** the controls have the same pictures with the same wrong labels, but moved at "
        "random or not moved at all. They should learn the opposite of the truth, and stay below "
        "chance. Where the new classifier is above it and they are not, the attack has put "
        "something into the pictures that goes with the label. "
        "**It cannot tell** whether that something was in the data or in the first classifier "
        "alone: read both sides below."
    )
    return (
        f'{_section(head)}<div class="av-lab-bars" role="img" aria-label="{rich(head)}">{bars}'
        f'<span></span><span class="av-lab-axis"><i>0%</i><i>{rich(say("chance 50%"))}</i>'
        f"<i>100%</i></span><span></span></div>"
        f'<p class="av-lab-said">{rich(said)}</p>'
    )


def _bar(name: str, words: str, measured: Measured | None) -> str:
    if measured is None:
        said = say("not trained")
        return (
            f'<span>{rich(words)}</span><span class="av-lab-track"></span><span>{rich(said)}</span>'
        )
    low, high, value = (100 * measured[end] for end in ("low", "high", "value"))
    emphasis = " av-lab-new" if name == "mislabelled_training" else ""
    interval = f"{low:.0f}–{high:.0f}%"
    return (
        f"<span>{rich(words)}</span>"
        f'<span class="av-lab-track">'
        f'<i class="av-lab-bar{emphasis}" style="width:{value:.2f}%"></i>'
        f'<i class="av-lab-whisker" style="left:{low:.2f}%;width:{high - low:.2f}%"></i></span>'
        f'<span class="av-told"><b>{_percent(measured["value"])}</b> {interval}</span>'
    )


def _numbers(result: Result) -> str:
    """The chart as a table, a row a seed."""
    names = [name for name in (*BARS, "fooled") if result.facts[name] is not None]
    heads = labels() | {"fooled": say("share fooled, of those it had right")}
    columns = [result.facts[name]["seeds"] for name in names]
    rows = [
        (str(place), *("–" if value is None else f"{value:.1%}" for value in values))
        for place, values in enumerate(zip(*columns, strict=True), 1)
    ]
    head = [say("seed"), *(heads[name].replace("*", "") for name in names)]
    return behind(say("As a table, every seed"), table(head, rows))


def _weights(spec: FeaturesSpec, result: Result) -> str:
    """The weight image of each classifier of the first seed."""
    found = {name: result.arrays.get(f"weights {name}") for name in NETWORKS}
    known = {name: array for name, array in found.items() if array is not None}
    if not known:
        return ""
    words = dict(zip(NETWORKS, labels().values(), strict=True))
    tiles = [Tile(_ink(array, words[name]), words[name]) for name, array in known.items()]
    head = say("What each classifier multiplies the pixels by")
    said = say(
        "**What it is:** the weights of the first seed's classifiers: where red, brightness speaks "
        "for {second}, where blue for {first}; each on its own scale. **Notice:** how much the "
        "second resembles the first, although no right label ever reached it; the controls show "
        "the reverse. For a linear classifier the attack moves every picture along these very "
        "weights. **It cannot tell** how a deeper network stores the same thing.",
        first=spec.names[0],
        second=spec.names[1],
    )
    return f"{_section(head)}{_row(tiles)}<p class='av-lab-said'>{rich(said)}</p>"


def _ink(array: Array, alt: str) -> str:
    return picture(pictures.signed(array), alt.replace("*", ""), SIDE)


def _section(head: str) -> str:
    return f"<h3 class='av-section'>{rich(head)}</h3>"


def _row(tiles: Sequence[Tile]) -> str:
    drawn = "".join(map(tile, tiles))
    return f'<div class="av-lab-row" style="--av-side:{SIDE}px">{drawn}</div>'


def _examples(spec: FeaturesSpec, result: Result) -> str:
    """Training images: what a human sees, and the label that was given."""
    arrays = result.arrays
    if "original" not in arrays:
        return ""
    before, after, control = [], [], []
    for place, label in enumerate(arrays["labels"]):
        seen, given = spec.names[int(label)], spec.names[1 - int(label)]
        shown = say("a human sees {seen}", seen=seen)
        told = say("was {seen}, label: **{given}**", seen=seen, given=given)
        before.append(Tile(_photo(arrays["original"][place], shown), shown))
        after.append(Tile(_photo(arrays["adversarial"][place], told), told))
        control.append(Tile(_photo(arrays["random"][place], told), told))
    head = say("What the new classifier was trained on")
    rows = {
        say("before the attack"): before,
        say("after it, as the new classifier was trained on them"): after,
        say("moved as far at random, as the control was trained on them"): control,
    }
    said = say(
        "**What it is:** training pictures of the first seed that were right before the attack and "
        "wrong after it; L2 distance {far} on average. **Notice:** whether you would have given "
        "any of these labels. **It cannot tell** that no human could see the change: at a large "
        "eps you can.",
        far=f"{result.facts['distance']['value']:.3g}",
    )
    if spec.norm == "linf":
        said = said.replace("L2", "L∞")
    drawn = "".join(
        f"<p class='av-quiet'>{rich(name)}</p>{_row(row)}" for name, row in rows.items()
    )
    return f"{_section(head)}{drawn}<p class='av-lab-said'>{rich(said)}{_credit(spec)}</p>"


def _credit(spec: FeaturesSpec) -> str:
    """Name the makers of the digits, as their licence asks."""
    if spec.data != DIGITS:
        return ""
    return " " + rich(say("The digits: {credit}.", credit=CREDIT))


def _photo(pixels: Array, alt: str) -> str:
    shown = np.repeat(pixels, 3, axis=0) if len(pixels) == 1 else pixels
    return picture(pictures.photo(shown), alt.replace("*", ""), SIDE)
