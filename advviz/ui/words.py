"""The words of the interface: what a network said, verdicts, distances, captions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from advviz.models.classes import labels
from advviz.models.model_record import ModelRecord
from advviz.ui.language import ENGLISH, language, say, term

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network says of one picture."""

    label: str
    confidence: float
    probabilities: tuple[float, ...]

    def __str__(self) -> str:
        """Say the class and how sure the network is."""
        return f"{term(self.label)} {percent(self.confidence)}"


def reading(logits: Array, classes: tuple[str, ...]) -> Reading:
    """Read one row of logits."""
    shifted = np.exp(logits.astype(np.float64) - float(np.max(logits)))
    probabilities = shifted / shifted.sum()
    best = int(np.argmax(probabilities))
    return Reading(classes[best], float(probabilities[best]), tuple(map(float, probabilities)))


def plain(sentence: str) -> str:
    """Escape Markdown: a message may quote a link that anybody can have written."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:])", r"\\\1", sentence)


def percent(value: float) -> str:
    """Write a probability so that only certainty is 100% and only impossibility 0%."""
    if 0.995 <= value < 1:
        return "99.9%" if value >= 0.9985 else f"{100 * value:.1f}%"
    if 0 < value < 0.005:
        return "<1%"
    return f"{100 * value:.0f}%"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a model fared: a word for the style sheet, a symbol, and the text beside it."""

    kind: str  # fooled, astray, held or wrong
    symbol: str
    text: str

    def __str__(self) -> str:
        """Say the verdict with its symbol."""
        return f"{self.symbol} {self.text}"


def verdict(before: Reading, after: Reading, true_class: str | None, target: str | None) -> Verdict:
    """Judge an attack; an upload has no true class, so the first answer stands for it."""
    right = true_class or before.label
    if before.label != right:
        return Verdict("wrong", "–", say("Wrong before the attack"))
    if target == right:
        return Verdict("wrong", "–", say("Your target before the attack; choose another"))
    if after.label == right:
        return Verdict("held", "✓", say("Held against this attack"))
    if target is not None and after.label != target:
        return Verdict("astray", "◐", say("Wrong, but not your target → {after}", after=after))
    return Verdict("fooled", "✗", say("Fooled → {after}", after=after))


def moved(difference: Array) -> str:
    """Say how far pixels moved, in 255ths: the typical one and the largest."""
    if not np.any(difference):
        return say("no pixel moves")
    typical = 255 * float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))))
    largest = 255 * float(np.max(np.abs(difference)))
    return say(
        "a typical pixel moves {typical} of 255; the largest {largest}",
        typical=short(typical),
        largest=short(largest),
    )


def short(value: float) -> str:
    """Write a number with about two digits."""
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """Write a length of time, coarser the longer it is."""
    if seconds < 1:
        return say("less than 1 s")
    if seconds < 20:
        return say("{seconds:.0f} s", seconds=seconds)
    if seconds < 90:
        return say("{seconds:.0f} s", seconds=5 * round(seconds / 5))
    if seconds < 5400:
        return say("{minutes:.0f} min", minutes=seconds / 60)
    return say("{hours:.0f} h", hours=seconds / 3600)


def numerics(facts: Mapping[str, Any]) -> str:
    """Say how a result was computed, where that is not the usual way; empty otherwise."""
    used = str(facts.get("numerics", "reference"))
    fast = "" if used == "reference" else say("fast numerics: {used}", used=used)
    short = say("memory was short: computed in smaller pieces") if facts.get("degraded") else ""
    return " · ".join(filter(None, (fast, short)))


NORMS = {"l1": "L1", "l2": "L2", "linf": "L∞"}


def options(params: Any) -> str:
    """Write the parameters of an attack, as they are used."""
    values = ((term(f.name.replace("_", " ")), getattr(params, f.name)) for f in fields(params))
    return " · ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values
    )


def strength(norm: str, eps: float) -> str:
    """Write a budget in the unit of its norm."""
    if norm == "linf":
        return f"L∞ {255 * eps:.4g}/255"
    if norm == "l1":
        return f"L1 {eps:g}"
    return f"L2 {eps:.1f}" if eps == round(eps, 1) else f"L2 {eps:g}"


def budget(norm: str, eps: float, size: int) -> str:
    """Write a budget together with what it means for a pixel of a square RGB picture."""
    if norm == "l1":
        mean = short(255 * eps / (3 * size * size))
        return say("{eps:g} = {mean}/255 on average", eps=eps, mean=mean)
    if norm == "l2":
        rms = short(255 * eps / (3 * size * size) ** 0.5)
        return say("{eps:g} = {rms}/255 RMS a pixel", eps=eps, rms=rms)
    return say("{levels:.4g}/255, any pixel", levels=255 * eps)


class _Rows(dict[bool, tuple[str, str]]):
    """Symbols and words; a word is looked up when it is asked for, in the reader's language."""

    def __getitem__(self, is_robust: bool) -> tuple[str, str]:
        symbol, word = super().__getitem__(is_robust)
        return symbol, term(word)


ROW = _Rows({False: ("○", "Standard"), True: ("●", "Robust")})
"""Symbol and word of a model, by whether it was trained against an attacker."""


def title_of(described: ModelRecord) -> str:
    """Name a model; of a title such as "ResNet-18, robust, L2 eps 3", part by part."""
    known = term(described.title)
    return known if known != described.title else term(", ").join(map(term, known.split(", ")))


def class_names(described: ModelRecord) -> dict[str, str]:
    """Name every class of a model for a list, by its id, as `labels` in the reader's language."""
    found = labels(described)
    if language() == ENGLISH:
        return dict(found)
    return {name: term(name) + label.removeprefix(name) for name, label in found.items()}


def model_name(described: ModelRecord, other: ModelRecord) -> str:
    """Name a model of a pair: by its kind, or by its title where both are of one kind."""
    symbol, word = ROW[described.is_robust]
    if other.is_robust == described.is_robust:
        return f"{symbol} {title_of(described)}"
    return f"{symbol} {word.lower()}"


CAPTIONS = {
    "original": (
        "**What the network receives.** The square crop, {enlarged}. It says nothing of the rest "
        "of the photo."
    ),
    "perturbation": (
        "**The change, drawn ×{gain}.** Grey: unchanged. {moved}. A quiet picture "
        "does not mean a harmless change."
    ),
    "attacked": (
        "**Original plus change, exactly.** Compare it with the original: can you tell them "
        "apart? One image is an anecdote; the share over many is on Home."
    ),
    "gradient": (
        "**Gradient.** {tone}: a tiny change here moves the {objective} for **{named}** most. "
        "{tone} does not mean good evidence."
    ),
    "smoothgrad": (
        "**SmoothGrad.** The {averaged} for **{named}**, averaged over {samples} noisy copies. "
        "Look for outlines. Cleaner is not necessarily truer."
    ),
    "favourite": (
        "**Favourite image.** Optimised from {start} to raise **{named}**. Can you name it? "
        "Not a photo, not a memory."
    ),
}
"""What it is, what to notice, what it cannot tell you."""


def enlarged(size: int, side: int) -> str:
    """Say how a picture of `size` pixels is drawn in a place of `side` pixels."""
    if size > side:
        return say("drawn smaller than its {size} pixels; a click shows it 1:1", size=size)
    return say("at its own size, enlarged without smoothing")


TONES = {"ink": "Dark", "rgb": "Far from grey", "signed": "Red or blue"}
"""What marks a place that matters, in each way of drawing a map."""
