"""One red flag, and the reason why a check was not made."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlag:
    """One sign that an attack failed.

    Args:
        name: of the check.
        model: id.
        sentence: what was seen and what it means, in plain words, with the figure.
        value: the figure.
        threshold: that it passed.
    """

    name: str
    model: str
    sentence: str
    value: float
    threshold: float

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return asdict(self)


class NotChecked(Exception):
    """A check could not be made."""
