"""The one-page report of the lab "Bugs or features?": a finding that is true whatever came out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from advviz import pictures
from advviz.data.digits import CREDIT
from advviz.data.two_classes import DIGITS
from advviz.evaluation.one_page_evidence import Bar, Case, Lab, Line, Picture, Results
from advviz.evaluation.one_page_labs import percent
from advviz.evaluation.outcomes import strength
from advviz.evaluation.wilson import wilson
from advviz.experiments.features import LINEAR, FeaturesSpec
from advviz.experiments.result import Array, Result

CHANCE = 0.5
NEW = "mislabelled_training"
CONTROLS = ("control_random", "control_flipped")
NAMES = {
    "clean_accuracy": "first classifier: true labels",
    NEW: "new classifier: mislabelled adversarial pictures alone",
    "control_random": "control: moved as far at random, same wrong labels",
    "control_flipped": "control: not moved, same wrong labels",
}
WEIGHTS = {
    "weights first": "first classifier",
    "weights new": "new classifier",
    "weights random": "control, at random",
    "weights flipped": "control, not moved",
}
FORMS = {
    "original": "Training pictures before the attack",
    "adversarial": "After it, as the new classifier was trained on them",
    "random": "Moved as far at random, as the control was trained on them",
}
LIMITS = (
    "Where it succeeds it shows that brittle features can generalise; not that every adversarial "
    "example is one.",
    "Features: Ilyas et al. (2019) succeeded with deep networks on CIFAR-10; what an attack writes "
    "into a picture is then a pattern of the data that humans do not use. Bugs, too: "
    "Nakkiran (Distill 2019) made adversarial examples that teach nothing about clean pictures, "
    "and Wallace (ibid.) passed on what a network knows by wrong labels without any attack.",
    "Two classes of small pictures, and small networks: nothing is said of others.",
    "Seeds share pictures: their spread is no interval for other data.",
)
OF_LINEAR = (
    "In a linear classifier both sides are one: the attack moves every picture along its weights."
)
OF_FOLDER = (
    "Chance is a coin's: where one class has more test pictures than the other, always saying "
    "that class is right more often."
)
Measured = Mapping[str, Any]


def case_of_features(spec: FeaturesSpec, results: Results) -> Case:
    """Read what the lab came to."""
    result = results[spec]
    facts = result.facts
    bars = tuple(_bar(name, words, facts[name]) for name, words in NAMES.items())
    notice = "What each picture shows was right before the attack and is wrong after it."
    if spec.data == DIGITS:
        notice += f" The digits: {CREDIT}."
    shown = (_weights(spec, result), *_examples(spec, result))
    lab = Lab(
        chart=f"Right on {facts['test_images']} clean test pictures of {spec.names[0]} and "
        f"{spec.names[1]}, by what the classifier was trained on:",
        bars=bars,
        chance=CHANCE,
        whiskers=f"A bar is the mean of {_seeds(spec.seeds)}; its whisker, and the brackets, run "
        "from the lowest to the highest.",
        lines=tuple(line for line in shown if line.shown),
        notice=notice if "original" in result.arrays else "No picture was kept to be shown.",
        method=_method(spec, facts),
        limits=_limits(spec),
        seeds=tuple(spec.repetitions),
    )
    return Case(_finding(spec, facts), (), lab=lab)


def _bar(name: str, words: str, measured: Measured | None) -> Bar:
    look = "new" if name == NEW else ""
    if measured is None:
        return Bar(words, look)
    return Bar(words, look, *(float(measured[end]) for end in ("value", "low", "high")))


def _finding(spec: FeaturesSpec, facts: Measured) -> str:
    new, classes = facts[NEW], " and ".join(spec.names)
    if new is None:
        fooled = percent(facts["fooled"]["value"])
        return (
            f"Nothing could be tested: within {strength(spec.norm, spec.eps)} the attack turned "
            f"{fooled} of the training pictures of {classes} that the first classifier had right, "
            "too few to train a new classifier on."
        )
    spread = f", {percent(new['low'])} to {percent(new['high'])}" if _used(new) > 1 else ""
    who = (
        "Though every label that it saw was wrong, the new classifier is right on"
        if new["value"] > CHANCE
        else "The new classifier, which saw wrong labels alone, is right on only"
    )
    right = (
        f"{who} {percent(new['value'])} of clean test pictures of {classes} "
        f"({_seeds(_used(new))}{spread})"
    )
    verdict, meaning = _beside_chance(facts)
    said = (
        f"{right}, {verdict}.", _controls(facts), meaning, _left_out(spec, new), _of_first(facts)
    )  # fmt: skip
    return " ".join(filter(None, said))


def _beside_chance(facts: Measured) -> tuple[str, str]:
    """Say how the new classifier stands to chance, and what that means beside the controls."""
    new, n = facts[NEW], facts["test_images"]
    if new["value"] <= CHANCE:
        return "no better than chance: here it fails", ""
    if new["low"] <= CHANCE:
        return "above chance on average, but not with every seed", ""
    if _ends(new, n)[0] <= CHANCE:
        return f"above chance, but on {n} test pictures that may be luck", ""
    known = [facts[name] for name in CONTROLS if facts[name] is not None]
    if not known:
        return "above chance", "So what the attack did stays open."
    if max(each["value"] for each in known) >= new["value"]:
        return "above chance", "A control is as good as it, so this is not the attack's doing."
    if max(_ends(each, n)[1] for each in known) >= _ends(new, n)[0]:
        return "above chance", "The intervals touch, so this cannot tell what the attack did."
    return "above chance", "So what the attack wrote into the pictures goes with the label."


def _controls(facts: Measured) -> str:
    """Give the controls' shares, whatever they are."""
    known = [facts[name] for name in CONTROLS]
    if None in known:
        return "No control was trained."
    moved, still = (percent(each["value"]) for each in known)
    return (
        "The controls, with the same wrong labels and pictures moved at random or not at all, are "
        f"right on {moved} and {still}."
    )


def _ends(measured: Measured, n: int) -> tuple[float, float]:
    """Return the wider of two intervals: of the seeds, and of the mean as a share of n."""
    low, high = wilson(round(measured["value"] * n), n)
    return min(low, measured["low"]), max(high, measured["high"])


def _used(measured: Measured) -> int:
    return sum(value is not None for value in measured["seeds"])


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _left_out(spec: FeaturesSpec, new: Measured) -> str:
    """Say with how many seeds there was nothing to train on."""
    missing = spec.seeds - _used(new)
    return f"With {_seeds(missing)} too few pictures were turned to train on." if missing else ""


def _of_first(facts: Measured) -> str:
    """Say where the first classifier knows nothing, so that an attack on it says nothing."""
    first = facts["clean_accuracy"]
    if _ends(first, facts["test_images"])[0] > CHANCE:
        return ""
    value = percent(first["value"])
    return f"The first classifier, with true labels, is itself right on only {value}."


def _method(spec: FeaturesSpec, facts: Measured) -> str:
    kept, far = facts["kept"], facts["distance"]
    moved = "" if far is None else f", moved by {far['value']:.3g} on average"
    kind = "Linear classifiers" if spec.network == LINEAR else "Small residual networks"
    return (
        f"{kind}, {spec.steps} steps each. PGD of {spec.attack_steps} steps within "
        f"{strength(spec.norm, spec.eps)} on the first one turned "
        f"{percent(facts['fooled']['value'])} of the training pictures that it had right; "
        f"{kept['value']:.0f} of {facts['training_images']} were kept on average{moved}, each "
        "labelled as what it was taken for, so wrong. The new classifier starts afresh, and its "
        "weights are chosen on mislabelled pictures too: it meets no true label. Test pictures "
        "are looked at once, by the finished classifiers."
    )


def _limits(spec: FeaturesSpec) -> tuple[str, ...]:
    """List what it does not show, and what only experiments like this one do not."""
    of_linear = (OF_LINEAR,) if spec.network == LINEAR else ()
    return (*LIMITS, *of_linear, *((OF_FOLDER,) if spec.is_personal else ()))


def _weights(spec: FeaturesSpec, result: Result) -> Line:
    """Draw the weights of the first seed's classifiers, where they have a picture."""
    shown = tuple(
        Picture(words, "", pictures.png(pictures.signed(result.arrays[name])))
        for name, words in WEIGHTS.items()
        if name in result.arrays
    )
    title = (
        f"Weights of the first seed: red speaks for {spec.names[1]}, blue for {spec.names[0]}, "
        "each on its own scale"
    )
    return Line(title, shown)


def _examples(spec: FeaturesSpec, result: Result) -> tuple[Line, ...]:
    """Draw training pictures in their three forms, with what is shown and what was told."""
    if "original" not in result.arrays:
        return ()
    lines = []
    for form, title in FORMS.items():
        shown = []
        for pixels, label in zip(result.arrays[form], result.arrays["labels"], strict=True):
            seen, given = spec.names[int(label)], spec.names[1 - int(label)]
            below = "" if form == "original" else f"label: {given}"
            shown.append(Picture(seen, below, _photo(pixels)))
        lines.append(Line(title, tuple(shown)))
    return tuple(lines)


def _photo(pixels: Array) -> bytes:
    """Draw pixels [1 or 3, S, S] as they are."""
    return pictures.png(
        pictures.photo(np.repeat(pixels, 3, axis=0) if len(pixels) == 1 else pixels)
    )
