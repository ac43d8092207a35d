"""What a visitor has chosen to measure of explanations; it goes into the link of that page."""

from dataclasses import dataclass, fields

from advviz.evaluation.explanations.metrics import METRICS
from advviz.evaluation.explanations.plan import LIMIT, ExplanationPlan, every_method
from advviz.evaluation.sources import GALLERY
from advviz.explain.catalogue import explainer_named
from advviz.fields import check, choice, count, text
from advviz.models.records import record
from advviz.ui.measure import FOLDER, source_of

KEYS = tuple(metric.key for metric in METRICS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationChoice:
    """The choices of the page "Explanations measured", as its link has them."""

    maps_models: str = text("model ids, by comma; empty: those that the pages show", default="")
    maps_methods: str = text("methods, by comma; empty: all", default="")
    maps_images: str = choice(GALLERY, (GALLERY, FOLDER), "the gallery, or the owner's folder")
    maps_limit: int = count(LIMIT, 1, 1000, "images at most: a seeded sample, equal per class")
    maps_steps: int = count(10, 1, 256, "steps of insertion and deletion")
    maps_sample: int = count(0, 0, 2**31 - 1, "seed of all random numbers, and of the sample")
    maps_metric: str = choice(KEYS[0], KEYS, "the measure that is drawn")

    def __post_init__(self) -> None:
        """Refuse what no control offers."""
        check(self)
        for model in _words(self.maps_models):
            record(model)
        for method in _words(self.maps_methods):
            explainer_named(method)

    @property
    def methods(self) -> tuple[str, ...]:
        """List the methods."""
        return _words(self.maps_methods) or every_method()

    def plan(self, shown: tuple[str, str]) -> ExplanationPlan:
        """Return the plan.

        Args:
            shown: the models of the pages, for a visitor who has chosen none.

        Raises:
            InvalidInputError: something that cannot be measured.
        """
        return ExplanationPlan(
            source=source_of(self.maps_images),
            models=_words(self.maps_models) or tuple(dict.fromkeys(shown)),
            methods=self.methods,
            steps=self.maps_steps,
            seed=self.maps_sample,
            limit=self.maps_limit,
        )


SHOWN = tuple(f.name for f in fields(ExplanationChoice))
"""What the page's link says beside the board."""


def _words(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words.split(",") if word))
