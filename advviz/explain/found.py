"""What an explainer that looks inside the network found besides its map, in words for people."""

from collections.abc import Iterator, Mapping
from typing import Any


def in_words(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Say which layer it was and how coarse, what stood at the activations, what was conserved.

    Args:
        facts: of an explanation, as they are kept: numbers, words and lists.
    """
    return tuple(_said(facts))


def _said(facts: Mapping[str, Any]) -> Iterator[str]:
    if "grid" in facts:
        height, width = facts["grid"]
        if "layer" in facts:
            yield f"{facts['layer']}: {height}×{width} positions"
        else:
            blocks, heads = facts["blocks"], facts["heads"]
            yield f"{blocks} blocks of {heads} heads: {height}×{width} patches"
    if facts.get("blank"):
        yield "nothing there speaks for the class"
    if "rectifiers" in facts:
        count, kinds = facts["rectifiers"], facts["activations"]
        yield f"{count} rectifiers: {kinds}" if count else "no rectifier: it is the gradient"
    if "conserved" in facts:
        kept, logit = facts["conserved"], facts["value"]
        yield f"adds up to {kept:.3g} of the logit {logit:.3g}: biases keep the rest"
