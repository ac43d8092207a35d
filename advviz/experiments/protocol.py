"""What the engine, and other specs, need to know of an experiment."""

from collections.abc import Generator, Sequence
from typing import Any, ClassVar, Protocol

from advviz.experiments.result import Result
from advviz.models.records import ModelRecord

REFERENCE, FAST = "reference", "fast"
NO_MODEL = ""
"""What a spec calls its model that asks none: a lab, which trains networks of its own."""
FAST_VERSION = 2
"""Of what fast copies compute; raised with every change of it that changes a bit."""


class Spec(Protocol):
    """What the engine needs to know of an experiment."""

    kind: ClassVar[str]
    version: ClassVar[int]

    @property
    def model(self) -> str:
        """Name the model that answers; `NO_MODEL` where none is asked."""
        ...

    @property
    def numerics(self) -> str:
        """Name who answers queries that are not exact: "reference", or a "fast" copy."""
        ...

    def __hash__(self) -> int:
        """Hash by value: equal specs are one experiment."""
        ...

    def prerequisites(self) -> tuple["Spec", ...]:
        """List the experiments whose results this one starts from."""
        ...

    def resolved(self) -> dict[str, Any]:
        """Return every value that the result depends on: no "auto", digests for images."""
        ...

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the computation.

        Args:
            results: those of the prerequisites.
            device: where the procedure keeps its images, so that its queries need not travel.
        """
        ...


class ImageSpec(Spec, Protocol):
    """An experiment whose result is an image, so that others can start from it."""

    makes: ClassVar[str]
    """Name of the array that holds the image."""

    def true_class(self, described: ModelRecord) -> str | None:
        """Return the class that the image is known to show, if the model knows the class."""
        ...
