"""How results are shown, and which of them."""

from dataclasses import dataclass

from advviz.experiments.responses import PENULTIMATE
from advviz.fields import check, choice, count, switch, text

GAINS = ("1", "2", "5", "10", "20")
ORDERS = ("number", "response", "likeness")


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How results are shown, and which of them; nothing here changes a number."""

    rows: str = choice("both", ("both", "standard", "robust"), "models on the board")
    gain: str = choice("1", GAINS, "how many times the true change is drawn")
    draw: str = choice("ink", ("ink", "rgb", "signed"), "how a gradient is drawn")
    scale: str = choice("picture", ("picture", "model", "all"), "maps that share one scale")
    transfer: bool = switch(False, "show each model the other model's attacked image")
    noise: bool = switch(False, "show the control: random noise of the same size")
    smooth: bool = switch(False, "interpolate enlarged pictures, for viewing only")
    opened: str = choice("none", ("none", "alike", "units"), "drawer that a link opens")
    layer: str = text("layer whose units are looked at", default=PENULTIMATE)
    unit_standard: int = count(0, 0, 4095, "unit of the standard model that is looked at closely")
    unit_robust: int = count(0, 0, 4095, "unit of the robust model that is looked at closely")
    order: str = choice("number", ORDERS, "order of the units of an atlas")
    pictures: str = choice("gallery", ("gallery", "folder"), "pictures that units answer to")
    tested: str = choice(
        "original", ("original", "attacked"), "picture whose maps the trust panel tests"
    )
    quickly: bool = switch(False, "the trust panel compares with fewer maps")
    plainly: bool = switch(False, "the trust panel tests the gradient, not the method beside it")

    def __post_init__(self) -> None:
        """Refuse what no control offers."""
        check(self)
