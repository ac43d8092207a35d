"""One finding of a trust panel: a verdict and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PASSES, FAILS, UNCLEAR = "passes", "fails", "not enough to tell"
SYMBOLS = {PASSES: "✓", FAILS: "✗", UNCLEAR: "◐"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test came to.

    Args:
        name: of the test.
        verdict: passes, fails, or not enough to tell.
        sentence: English, with places; what stands in translations.
        values: what its places hold, written.
    """

    name: str
    verdict: str
    sentence: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        """Say the sentence."""
        return self.sentence.format(**self.values)

    @property
    def symbol(self) -> str:
        """Return the symbol that stands before the verdict's word."""
        return SYMBOLS[self.verdict]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "test": self.name,
            "verdict": self.verdict,
            "sentence": str(self),
            "figures": dict(self.values),
        }
