"""Whether a measure can be believed on a model: does a map that knows nothing rank first?

A measure that ranks a constant map or an edge map first has not measured faithfulness there,
whatever it says of the methods. Each verdict is a sentence made from the figures, so that it is
true in every case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from advviz.evaluation.bootstrap import Estimate, difference, estimated
from advviz.evaluation.explanations.metrics import NULLS, Metric
from advviz.experiments.result import Array

FAILS, UNSURE, PASSES, UNMEASURED = "fails", "unsure", "passes", "unmeasured"
SENTENCES: Mapping[str, str] = {
    FAILS: "{metric} fails on {model}: the {null}, which knows nothing of the model, scores "
    "{null_mean}, as well as the best method or better ({method}, {mean}). Its order of the "
    "methods is no evidence there.",
    UNSURE: "{metric} ranks {method} first on {model} ({mean}), but over {n} images it is ahead "
    "of the {null} ({null_mean}) by no more than chance allows: not enough to tell.",
    PASSES: "{metric} ranks {method} first on {model} ({mean}), ahead of the {null} "
    "({null_mean}), the best of the maps that know nothing, by {ahead} (95% interval {low} to "
    "{high}, {n} images).",
    UNMEASURED: "{metric} has no figure on {model} for a method and a map that knows nothing: "
    "nothing can be said.",
}
"""By kind of verdict. Pages translate these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a metric is worth on a model.

    Args:
        metric: its key.
        model: id.
        kind: key of `SENTENCES`.
        method: the best method; "" where there is none.
        null: the best of the maps that know nothing; "" where there is none.
        mean: figure of the method.
        null_mean: figure of that map.
        ahead: by how much the method is better, image by image; None where not compared.
    """

    metric: str
    model: str
    kind: str
    method: str = ""
    null: str = ""
    mean: float | None = None
    null_mean: float | None = None
    ahead: Estimate | None = None

    def places(self, titles: Mapping[str, str]) -> dict[str, str]:
        """Return what the sentence's places hold, each written for people.

        Args:
            titles: of metrics, models, methods and nulls, by key.
        """
        ahead = self.ahead
        values = {
            "metric": titles[self.metric],
            "model": titles[self.model],
            "method": titles.get(self.method, ""),
            "null": titles.get(self.null, "").lower(),
            "mean": number(self.mean),
            "null_mean": number(self.null_mean),
            "ahead": number(ahead.mean if ahead else None),
            "low": number(ahead.low if ahead else None),
            "high": number(ahead.high if ahead else None),
            "n": str(ahead.n if ahead else 0),
        }
        named = {name for _, name, _, _ in Formatter().parse(SENTENCES[self.kind]) if name}
        return {name: values[name] for name in values if name in named}

    def sentence(self, titles: Mapping[str, str]) -> str:
        """Write the verdict in English."""
        return SENTENCES[self.kind].format(**self.places(titles))

    def as_dict(self, titles: Mapping[str, str]) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "metric": self.metric,
            "model": self.model,
            "verdict": self.kind,
            "fails": self.kind == FAILS,
            "best_method": self.method or None,
            "best_null": self.null or None,
            "best_method_mean": self.mean,
            "best_null_mean": self.null_mean,
            "ahead": None if self.ahead is None else self.ahead.as_dict(),
            "sentence": self.sentence(titles),
        }


def of_dict(told: Mapping[str, Any]) -> Verdict:
    """Return the verdict that `as_dict` wrote."""
    ahead = told["ahead"]
    return Verdict(
        metric=told["metric"],
        model=told["model"],
        kind=told["verdict"],
        method=told["best_method"] or "",
        null=told["best_null"] or "",
        mean=told["best_method_mean"],
        null_mean=told["best_null_mean"],
        ahead=None if ahead is None else Estimate(**ahead),
    )


def number(value: float | None) -> str:
    """Write a figure for people."""
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def judged(metric: Metric, model: str, values: Mapping[str, Array]) -> Verdict:
    """Judge a metric on a model.

    A null that is as good as the best method fails it, and so does a tie: a measure that cannot
    tell the best method from nothing has told nothing. Random maps count as nulls too.

    Args:
        metric: which way is better.
        model: id.
        values: one figure an image [n] of each row of the table, by method or null.
    """
    means = {name: found.mean for name, each in values.items() if (found := estimated(each))}
    method = _best(metric, {name: mean for name, mean in means.items() if name not in NULLS})
    null = _best(metric, {name: mean for name, mean in means.items() if name in NULLS})
    if method is None or null is None:
        return Verdict(metric=metric.key, model=model, kind=UNMEASURED)
    first, second = values[method], values[null]
    if metric.ahead(1.0, 0.0) < 0:
        first, second = second, first
    ahead = difference(first, second)
    if metric.is_as_good(means[null], means[method]):
        kind = FAILS
    elif ahead is None or ahead.low is None or ahead.low <= 0:
        kind = UNSURE
    else:
        kind = PASSES
    return Verdict(
        metric=metric.key,
        model=model,
        kind=kind,
        method=method,
        null=null,
        mean=means[method],
        null_mean=means[null],
        ahead=ahead,
    )


def _best(metric: Metric, means: Mapping[str, float]) -> str | None:
    if not means:
        return None
    return max(means, key=lambda name: metric.ahead(means[name], 0.0))
