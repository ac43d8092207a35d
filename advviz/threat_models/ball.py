"""What an attack needs to know of a ball."""

from typing import ClassVar, Literal, Protocol, get_args

from torch import Tensor

from advviz.noise import Stream

Norm = Literal["l1", "l2", "linf"]
NORMS: tuple[Norm, ...] = get_args(Norm)


class ThreatModel(Protocol):
    """The ball of radius `eps` in one norm, within the box [0, 1]."""

    norm: ClassVar[Norm]

    @property
    def eps(self) -> float:
        """Return the radius of the ball."""
        ...

    def start(self, images: Tensor, stream: Stream) -> Tensor:
        """Return points drawn uniformly from the ball around each image, cut to the box."""
        ...

    def project(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Return candidates brought back into the ball around each image and the box."""
        ...

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return the change of norm 1 that raises a function of these gradients most.

        It is a new tensor; a row whose gradient is exactly zero gives zeros.
        """
        ...

    def stepped(self, points: Tensor, gradients: Tensor, length: float) -> Tensor:
        """Return the points after a step of this length along the steepest direction.

        Only in L1 does the step look at the box: where it can go depends on where it is.
        """
        ...

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure how far each image is from the other, in float64."""
        ...
