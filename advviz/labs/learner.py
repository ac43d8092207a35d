"""What the lab "Bugs or features?" asks of a kind of network: to learn, and then to answer."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from advviz.labs.examples import Examples, Meter
from advviz.protocol import Procedure, Respondent


class Learned(Protocol):
    """S networks that have been trained side by side."""

    def respondent(self, place: int) -> Respondent:
        """Return who answers for one of them."""
        ...

    def decide(self, images: Tensor) -> Procedure[Tensor]:
        """Return the class [S, N] that each gives to its images [S, N, C, H, W]."""
        ...

    def weights(self, place: int) -> Tensor | None:
        """Return what one of them multiplies the pixels by, [C, H, W], where that is all it does.

        Positive where ink speaks for the second class.
        """
        ...


class Learner(Protocol):
    """A kind of network, and how it is trained."""

    @property
    def steps(self) -> int:
        """Count the steps of training of one network."""
        ...

    @property
    def device(self) -> str:
        """Name where its networks are trained, and where their images have to be."""
        ...

    def together(self, images: Tensor) -> int:
        """Say how many networks may be trained side by side on images [N, C, H, W]."""
        ...

    def learn(
        self, told: Examples, held: Examples, seeds: Sequence[int], purpose: str, meter: Meter
    ) -> Procedure[Learned]:
        """Train a network a seed from fresh weights; keep those weights that suit held-out images.

        Args:
            told: what they are trained on.
            held: what the weights are chosen on: accuracy first, then loss.
            seeds: one a network; with the purpose, they decide the first weights.
            purpose: names what this network is for.
            meter: moved on by the steps.
        """
        ...
