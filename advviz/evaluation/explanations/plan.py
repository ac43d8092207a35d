"""A plan: which methods and models are measured, on which images, fixed before it runs."""

import shlex
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from advviz.errors import InvalidInputError
from advviz.evaluation.explanations.metrics import NULLS
from advviz.experiments.options import read_options, written_options
from advviz.explain.catalogue import explainer_named, explainers
from advviz.explain.parameters import BASELINES
from advviz.models.records import record

RANKINGS = ("magnitude", "signed")
MOST_STEPS, MOST_DRAWS = 256, 1000
LIMIT = 100
"""Images that the page measures unless a visitor wants more or fewer."""

DEFAULTS = {
    "smoothgrad": {"samples": 16},
    "integrated-gradients": {"steps": 10},
    "expected-gradients": {"samples": 20},
    "occlusion": {"window": 8, "stride": 8},
    "rise": {"masks": 100},
}
"""What a benchmark tells a method that a single picture's map is not told: each map is made six
times and more. `--set METHOD.NAME=VALUE` outranks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationPlan:
    """What is measured.

    Args:
        source: see `advviz.evaluation.sources.listed`.
        models: ids.
        methods: names in the catalogue of explainers; the nulls are always measured too.
        own: method, parameter and value, for one method alone.
        replacements: what stands for a pixel that is taken away; the figures of curves are means
            over them, infidelity takes the first.
        steps: of insertion and deletion.
        ranked: "magnitude" or "signed"; see `CurveParams`.
        changes: squares that are taken away, for infidelity.
        neighbours: nearby pictures, for sensitivity.
        seed: of all random numbers, and of the sample.
        limit: size of a seeded sample, equal per folder; None for all images.
    """

    kind: ClassVar[str] = "explanations"

    source: str
    models: tuple[str, ...]
    methods: tuple[str, ...]
    own: tuple[tuple[str, str, str], ...] = ()
    replacements: tuple[str, ...] = ("black", "blurred")
    steps: int = 10
    ranked: str = "magnitude"
    changes: int = 24
    neighbours: int = 3
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be measured, before anything is read."""
        for name, values in (
            ("model", self.models),
            ("method", self.methods),
            ("replacement", self.replacements),
        ):
            if not values or len(set(values)) < len(values):
                raise InvalidInputError(f"give each {name} once, and at least one, got {values}")
        for model in self.models:
            record(model)
        for method in self.methods:
            self.options(method)
        self._check_choices()
        for name, value, most in (
            ("steps", self.steps, MOST_STEPS),
            ("changes", self.changes, MOST_DRAWS),
            ("neighbours", self.neighbours, MOST_DRAWS),
        ):
            if not 1 <= value <= most:
                raise InvalidInputError(f"{name} must lie in [1, {most}], got {value}")

    def _check_choices(self) -> None:
        """Refuse names that there are not."""
        for method, _, _ in self.own:
            if method not in self.methods:
                raise InvalidInputError(
                    f"a setting is for {method!r}, which is not measured; add it to the methods"
                )
        for name in self.replacements:
            if name not in BASELINES:
                raise InvalidInputError(
                    f"replacement must be one of {', '.join(BASELINES)}, got {name!r}"
                )
        if self.ranked not in RANKINGS:
            raise InvalidInputError(
                f"ranked must be one of {', '.join(RANKINGS)}, got {self.ranked!r}"
            )

    @property
    def rows(self) -> tuple[str, ...]:
        """List the rows of the table: the methods, then the nulls."""
        return (*self.methods, *NULLS)

    def options(self, method: str) -> str:
        """Write what a method is told, every parameter, as links have it; "" for a null.

        Raises:
            InvalidInputError: an unknown method, or a value that it does not take.
        """
        return "" if method in NULLS else written_options(params_of(method, self._words(method)))

    def _words(self, method: str) -> str:
        """Write the values that differ from the catalogue's, by comma."""
        known = {field.name for field in fields(explainer_named(method).params)}
        common = {k: str(v) for k, v in DEFAULTS.get(method, {}).items() if k in known}
        own = {name: value for of, name, value in self.own if of == method}
        return ",".join(f"{name}={value}" for name, value in (common | own).items())


def params_of(method: str, options: str) -> Any:
    """Return the parameters of a method of the catalogue, as it declares them."""
    return read_options(method, explainer_named(method).params, options)


def command(plan: ExplanationPlan, source: str | None = None) -> str:
    """Write the command that measures the same.

    Args:
        plan: what was measured.
        source: what the command calls the images; by default, as the plan does.
    """
    words = ["advviz", "explanations", "--model", ",".join(plan.models)]
    words += ["--images", plan.source if source is None else source]
    words += ["--method", ",".join(plan.methods), "--replacement", ",".join(plan.replacements)]
    words += ["--ranked", plan.ranked]
    for name in ("steps", "changes", "neighbours", "seed"):
        words += [f"--{name}", str(getattr(plan, name))]
    for method, name, value in plan.own:
        words += ["--set", f"{method}.{name}={value}"]
    if plan.limit is not None:
        words += ["--limit", str(plan.limit)]
    return shlex.join(words)


def read_setting(word: str) -> tuple[str, str, str]:
    """Read METHOD.NAME=VALUE.

    Raises:
        InvalidInputError: another form, or an unknown method.
    """
    where, equals, value = word.partition("=")
    method, dot, name = where.partition(".")
    if not (equals and dot):
        raise InvalidInputError(f"a setting must be METHOD.NAME=VALUE, got {word[:60]!r}")
    explainer_named(method)
    return method, name, value


def every_method() -> tuple[str, ...]:
    """List the methods of the catalogue."""
    return tuple(explainers())
