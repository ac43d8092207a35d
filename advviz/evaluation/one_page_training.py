"""The one-page report of the lab that trains a robust model: true however training went."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from advviz import pictures
from advviz.data.digits import CREDIT
from advviz.evaluation.one_page_evidence import Bar, Case, Lab, Line, Picture, Results
from advviz.evaluation.one_page_labs import percent
from advviz.evaluation.outcomes import strength
from advviz.evaluation.wilson import Share
from advviz.experiments.lab_training import DIGITS, PARTNERS, LabTrainingSpec
from advviz.experiments.result import Array, Result

SYMBOLS = dict(zip(PARTNERS, "○●", strict=True))
LIMITS = (
    "The judge is not every attack: a better one can only lower what is right under attack.",
    "Only this norm, and attackers who know the whole network.",
    "One training of each: another seed gives other networks. The intervals are over test "
    "pictures, not over trainings.",
    "Small networks and small pictures: nothing is said of large ones. A clearer gradient is no "
    "proof of robustness.",
    "Whether robustness must cost accuracy is open. Tsipras et al. (2019): it must, where a "
    "network has to give up features that help but that an attacker can turn. Yang et al. (2020): "
    "real classes lie far enough apart for both, and today's training is to blame.",
)
Measured = Mapping[str, Any]


def case_of_training(spec: LabTrainingSpec, results: Results) -> Case:
    """Read what the lab came to."""
    result = results[spec]
    facts = result.facts
    lab = Lab(
        chart=f"Right on {facts['n']} test pictures that neither network was trained on, as they "
        f"are and under every attack of the judge within {strength(spec.norm, spec.eps)}:",
        bars=tuple(
            _bar(facts, kind, partner) for kind in ("clean", "robust") for partner in PARTNERS
        ),
        chance=1 / len(facts["classes"]),
        whiskers="Whiskers and brackets: 95% Wilson intervals.",
        lines=_lines(spec, result),
        notice=_notice(spec, len(result.arrays["samples"])),
        table=_table(spec, result),
        price=_price(spec, facts),
        method=_method(spec, facts),
        limits=LIMITS,
        seeds=(spec.seed,),
    )
    return Case(_finding(spec, result), (), lab=lab)


def _share(facts: Measured, kind: str, partner: str) -> Share:
    """Return how many are right: "clean" as they are, "robust" under every attack."""
    return Share(int(facts[kind][PARTNERS.index(partner)]), int(facts["n"]))


def _told(share: Share) -> str:
    low, high = share.interval
    return f"{percent(share.value)} ({percent(low)} to {percent(high)})"


def _bar(facts: Measured, kind: str, partner: str) -> Bar:
    share = _share(facts, kind, partner)
    when = "as they are" if kind == "clean" else "under attack"
    name = f"{SYMBOLS[partner]} {partner} network, {when}"
    return Bar(name, partner, share.value, *share.interval)


def _finding(spec: LabTrainingSpec, result: Result) -> str:
    facts = result.facts
    standard, robust = (_share(facts, "robust", partner) for partner in PARTNERS)
    if not spec.eps:
        return (
            "An attacker who may change nothing leaves nothing to train against: both networks are "
            f"trained alike, and right on {_told(standard)} and {_told(robust)} of {facts['n']} "
            "test pictures."
        )
    budget = strength(spec.norm, spec.eps)
    lead = (
        f"Under attack within {budget}, the network trained against an attacker is right on "
        f"{_told(robust)} of {facts['n']} test pictures, the standard one on {_told(standard)}"
    )
    untaught = _untaught(facts)
    verdict = f". {untaught}" if untaught else f": {_compared(standard, robust)}"
    return f"{lead}{verdict}{_collapse(result)}"


def _compared(standard: Share, robust: Share) -> str:
    """Say what the two shares come to, by intervals that touch or do not."""
    if robust.interval[0] > standard.interval[1]:
        return "the training helped, against this judge."
    if robust.interval[1] < standard.interval[0]:
        return "here the robust training made it worse."
    return (
        "the intervals touch, so these pictures do not show that the robust training helped; that "
        "is no proof that it cannot."
    )


def _untaught(facts: Measured) -> str:
    """Say of a network that is no better than a guess that its robustness means nothing."""
    chance = 1 / len(facts["classes"])
    shares = {partner: _share(facts, "clean", partner) for partner in PARTNERS}
    return " ".join(
        f"The {partner} network cannot tell the classes at all (right on {_told(share)} as they "
        f"are; chance is {percent(chance)}), so what it withstands means nothing."
        for partner, share in shares.items()
        if share.interval[0] <= chance
    )


def _collapse(result: Result) -> str:
    """Say that training collapsed, and by what one sees it."""
    fell = result.facts["collapse"]
    if fell is None:
        return ""
    own, judged = (float(result.arrays[name][1][-1]) for name in ("own", "judged"))
    return (
        f" Its training collapsed, as seen after epoch {fell['epoch']}: it was right on "
        f"{percent(fell['own'])} of held-out pictures under the attack that it trains with and on "
        f"{percent(fell['after'])} under the judge's PGD, where it had been right on "
        f"{percent(fell['before'])}; at the end, on {percent(own)} and {percent(judged)}."
    )


def _price(spec: LabTrainingSpec, facts: Measured) -> str:
    """Say what robust training costs on pictures that nobody attacked, whichever way."""
    standard, robust = (_share(facts, "clean", partner) for partner in PARTNERS)
    points = 100 * (standard.value - robust.value)
    if not spec.eps:
        return "Both networks are the same: there is none."
    if points == 0:
        cost = "as often as the standard one: no price was seen here"
    elif points < 0:
        cost = f"{-points:.1f} points more than the standard one: no price was seen here"
    else:
        apart = standard.interval[0] > robust.interval[1]
        touch = "" if apart else ", though the intervals touch"
        cost = f"{points:.1f} points fewer than the standard one: that is the price here{touch}"
    return f"Without an attack the robust network is right on {_told(robust)}, {cost}."


def _method(spec: LabTrainingSpec, facts: Measured) -> str:
    size = strength(spec.norm, spec.eps)
    how = (
        f"one step of the whole {size} from the picture itself"
        if spec.single_step
        else f"{spec.attack_steps} steps of PGD within {size}"
        f"{', from a random point' if spec.random_start else ''}"
    )
    starts = f"{spec.judge_restarts} random start{'s' if spec.judge_restarts > 1 else ''}"
    fell = (
        " No collapse was seen in this run."
        if spec.single_step and facts["collapse"] is None
        else ""
    )
    return (
        f"The same {spec.network} network twice, from the same first weights, over the same "
        f"batches of {facts['trained_on']} pictures, {spec.epochs} epochs; the robust one on the "
        f"worst pictures found by {how}.{fell} The judge: {', '.join(facts['attacks'])}, with "
        f"PGD of {spec.steps_judged_with} steps from {starts}; a picture counts if it is right "
        "and no attack makes it wrong."
    )


def _table(spec: LabTrainingSpec, result: Result) -> tuple[tuple[str, ...], ...]:
    """List what each attack of the judge leaves, and what PGD leaves at other strengths."""
    facts, arrays, n = result.facts, result.arrays, int(result.arrays["radii_n"])
    rows = [
        (f"judge: {name}", *(percent(count / facts["n"]) for count in counts), str(facts["n"]))
        for name, counts in facts["attacks"].items()
    ]
    for place, radius in enumerate(arrays["radii"]):
        shares = (percent(float(right) / n) for right in arrays["radii_right"][:, place])
        rows.append((f"PGD, {strength(spec.norm, float(f'{radius:.4g}'))}", *shares, str(n)))
    return (("attack", "○ standard", "● robust", "n"), *rows)


def _lines(spec: LabTrainingSpec, result: Result) -> tuple[Line, ...]:
    """Draw samples, and below them what moves each network's loss; of a linear one, its weights."""
    arrays, classes = result.arrays, result.facts["classes"]
    labels = [str(classes[int(label)]) for label in arrays["sample_labels"]]
    samples = zip(labels, arrays["samples"], strict=True)
    lines = [
        Line(
            "Held-out pictures", tuple(Picture(name, "", _photo(image)) for name, image in samples)
        )
    ]
    of_weights = spec.network == "linear"
    for place, partner in enumerate(PARTNERS):
        drawn = arrays["weights" if of_weights else "gradients"][-1, place]
        names = [str(name) for name in classes] if of_weights else labels
        what = "weights, a picture a class" if of_weights else "gradient of the loss by each pixel"
        title = f"{SYMBOLS[partner]} {partner} network: {what}"
        shown = zip(names, drawn, strict=False)
        lines.append(Line(title, tuple(Picture(n, "", _signed(each)) for n, each in shown)))
    return tuple(lines)


def _notice(spec: LabTrainingSpec, count: int) -> str:
    drawn = (
        "Red speaks for the class, blue against it"
        if spec.network == "linear"
        else "Red: brighter would raise the loss; blue: darker would"
    )
    credit = f" The digits: {CREDIT}." if spec.data == DIGITS else ""
    return (
        f"{count} pictures, the networks after the last epoch. {drawn}; each picture has a scale "
        f"of its own.{credit}"
    )


def _photo(image: Array) -> bytes:
    """Draw a sample [1 or 3, S, S]; ink on paper, where it has one channel."""
    shown = np.repeat(1 - image, 3, axis=0) if len(image) == 1 else image
    return pictures.png(pictures.photo(shown))


def _signed(values: Array) -> bytes:
    """Draw the sign of weights or of a gradient [C, H, W]; of what is no number, nothing."""
    return pictures.png(pictures.signed(np.nan_to_num(values, posinf=0, neginf=0)))
