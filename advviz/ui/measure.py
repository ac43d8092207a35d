"""What a visitor has chosen to measure; it goes into the link of the page Evaluate."""

from dataclasses import dataclass, fields

from advviz.attacks.catalogue import attack_named
from advviz.data import picture_folder
from advviz.errors import InvalidInputError
from advviz.evaluation.plan import ALL, FREE, Budget, Plan
from advviz.evaluation.sources import GALLERY
from advviz.fields import check, choice, count, number, read, text
from advviz.models.records import record

FOLDER = "folder"
MOST = 12
"""Radii at once: everybody shares the machine."""
_EPS = number(0.0, 0.0, 1000.0, "radius").metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The choices of the page Evaluate, as its link has them."""

    models: str = text("model ids, by comma; empty: those that the pages show", default="")
    attacks: str = text("attacks, by comma", default="pgd,apgd-ce")
    norm: str = text("norm of the balls", default="l2")
    radii: str = text("radii, pixels in [0, 1], by comma; 8/255 too", default="0.25,0.5,1,1.5")
    images: str = choice(GALLERY, (GALLERY, FOLDER), "the gallery, or the owner's folder")
    limit: int = count(100, 1, 1000, "images at most: a seeded sample, equal per class")
    steps: int = count(20, 1, 1000, "steps of attacks that have steps")
    checks: str = choice(ALL, (ALL, FREE), "red flags: all, or those that need no more attacks")
    sample: int = count(0, 0, 2**31 - 1, "seed of all random numbers, and of the sample")

    def __post_init__(self) -> None:
        """Refuse what no control offers."""
        check(self)
        if len(self.budgets) > MOST:
            raise InvalidInputError(f"give at most {MOST} eps, got {len(self.budgets)}")
        for model in self._models:
            record(model)
        norms = {norm for name in self._attacks for norm in attack_named(name).norms}
        if self.norm not in norms:
            raise InvalidInputError(
                f"norm must be one that the attacks know, {', '.join(sorted(norms))}, "
                f"got {self.norm[:20]!r}"
            )

    @property
    def _models(self) -> tuple[str, ...]:
        return tuple(word for word in self.models.split(",") if word)

    @property
    def _attacks(self) -> tuple[str, ...]:
        return tuple(word for word in self.attacks.split(",") if word)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """Return the norm with every radius."""
        words = [word.strip() for word in self.radii.split(",") if word.strip()]
        if not words:
            raise InvalidInputError("give at least one eps, such as 0.5, 1")
        radii = (read("eps", word, _EPS) for word in words)
        return tuple(dict.fromkeys(Budget(self.norm, eps) for eps in radii))

    def plan(self, shown: tuple[str, str]) -> Plan:
        """Return the plan.

        Args:
            shown: the models of the pages, for a visitor who has chosen none.

        Raises:
            InvalidInputError: something that cannot be measured.
        """
        return Plan(
            source=source_of(self.images),
            models=self._models or tuple(dict.fromkeys(shown)),
            attacks=self._attacks,
            budgets=self.budgets,
            shared=(("steps", self.steps),),
            seed=self.sample,
            limit=self.limit,
            checks=self.checks,
        )


SHOWN = tuple(f.name for f in fields(Measure))
"""What the page's link says beside the board."""


def source_of(images: str) -> str:
    """Return the source that a choice of images stands for.

    Raises:
        InvalidInputError: it is the owner's folder, and there is none.
    """
    if images == GALLERY:
        return GALLERY
    folder = picture_folder.offered()
    if folder is None:
        raise InvalidInputError(
            "this app was given no folder of pictures; choose the gallery, or start it with "
            "--images DIR"
        )
    return str(folder.root)
