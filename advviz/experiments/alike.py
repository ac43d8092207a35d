"""Is it still the same map? A map before and after an attack, beside what chance would give."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.data import gallery, images
from advviz.errors import InvalidInputError
from advviz.experiments.parameters import PREDICTED, UNTARGETED
from advviz.experiments.references import image_key, made_by, true_class
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec
from advviz.explain.catalogue import explainer_named
from advviz.fields import AUTO, count, number, text
from advviz.models.records import ModelRecord, record


def attack_of(image: str, what: str) -> AttackSpec:
    """Return the attack whose result an image is.

    Args:
        image: a reference.
        what: the experiment that asks, for the message.

    Raises:
        InvalidInputError: the image is not the result of an attack.
    """
    made = next(iter(made_by(image)), None)
    if not isinstance(made, AttackSpec):
        raise InvalidInputError(
            f"{what} start from the result of an attack, got the image {image[:40]!r}; "
            "give result:LINK of an attack"
        )
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeSpec(ExplainSpec):
    """How alike a saliency map is before and after an attack, for two classes.

    It is told what a map is told. The class to explain is the first of the two: `predicted`
    stands for the one that the picture is known to show, or else for what the model says of the
    picture before the attack.
    """

    kind: ClassVar[str] = "alike"
    version: ClassVar[int] = 1

    second: str = text(
        "the other class; auto: the attack's target, or the likeliest class but the first",
        default=AUTO,
    )
    top_share: float = number(0.1, 0.001, 0.5, "share of the pixels that count as the strongest")
    beside: int = count(
        3, 1, 10, "other photos, and copies with noise of the attack's size, to compare with"
    )
    random_maps: int = count(40, 10, 200, "random maps of the same spectrum to compare with")

    @property
    def draws_numbers(self) -> bool:
        """Say whether the method draws random numbers: else its map has no other seeds."""
        return explainer_named(self.method).random

    def first_class(self, described: ModelRecord) -> str | None:
        """Return the first class; None where the model has to be asked."""
        return true_class(self.image, described) if self.explained == PREDICTED else self.explained

    def second_class(self, described: ModelRecord) -> str | None:
        """Return the other class; None where the model has to be asked."""
        target = attack_of(self.image, "maps that are compared").target
        known = None if target == UNTARGETED or target not in described.classes else target
        return known if self.second == AUTO else self.second

    def photos(self, described: ModelRecord) -> tuple[str, ...]:
        """Return other pictures of the gallery: of classes that nothing here is about.

        Of each class the first picture; where too few of known classes are left, any others.
        """
        own = attack_of(self.image, "maps that are compared").image
        about = {true_class(own, described), self.first_class(described)}
        about.add(self.second_class(described))
        kept: dict[str, str] = {}
        for sample in gallery.samples(described.input_size):
            ref = images.SAMPLE_PREFIX + sample.id
            shown = true_class(ref, described)
            if ref != own and (shown is None or shown not in about):
                kept.setdefault(ref if shown is None else shown, ref)
        named = [ref for shown, ref in kept.items() if shown != ref]
        rest = [ref for shown, ref in kept.items() if shown == ref]
        return tuple((named + rest)[: self.beside])

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on.

        Raises:
            InvalidInputError: the image is not the result of an attack, a class that the model
                does not know, or one class twice.
        """
        described = record(self.model)
        first, second = self.first_class(described), self.second_class(described)
        if self.second != AUTO:
            described.class_index(self.second)
            if first == second:
                raise InvalidInputError(
                    f"maps of two classes are compared, got {second} for both; "
                    "name another second class, or auto"
                )
        return ExplainSpec.resolved(self) | {
            "first": first,
            "second": self.second,
            "photos": [image_key(ref, described) for ref in self.photos(described)],
            "top_share": self.top_share,
            "random_maps": self.random_maps,
            "seed": self.seed,
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to compare."""
        from advviz.experiments.alike_procedure import alike

        return alike(self, record(self.model), results[0], device)
