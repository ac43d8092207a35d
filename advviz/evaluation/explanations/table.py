"""The figures of a benchmark of explanations as one object: what JSON, page and shelf hold."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from advviz.evaluation.bootstrap import DRAWS, Estimate, difference, estimated
from advviz.evaluation.explanations.metrics import ALIGNMENT, METRICS, NULLS
from advviz.evaluation.explanations.plan import ExplanationPlan
from advviz.evaluation.explanations.tally import ExplanationTally
from advviz.evaluation.explanations.verdicts import judged
from advviz.explain.catalogue import explainers
from advviz.models.records import record
from advviz.models.shelf import digest

INTERVAL = f"95%, percentile bootstrap over images, {DRAWS} draws, seed 0; paired for differences"
EXPLAINED = "the logit of the class that the model answers"

Table = Mapping[str, Any]


def titles(models: tuple[str, ...]) -> dict[str, str]:
    """Name metrics, nulls, methods and models for people, by key."""
    found = {metric.key: metric.title for metric in METRICS} | NULLS
    found |= {name: explainer.title for name, explainer in explainers().items()}
    return found | {model: record(model).title for model in models}


def tabulated(tally: ExplanationTally) -> dict[str, Any]:
    """Put everything that is known into one object that JSON can hold."""
    work, plan = tally.work, tally.work.plan
    named = titles(plan.models)
    judgements = [
        judged(
            metric,
            model,
            {method: tally.values[model, method, metric.key] for method in plan.rows},
        )
        for model in plan.models
        for metric in METRICS
    ]
    return {
        "explained": EXPLAINED,
        "intervals": INTERVAL,
        "images": work.images.source_title,
        "n": len(work),
        "skipped": list(work.images.skipped),
        "weights": {model: digest(record(model)) for model in plan.models},
        "plan": planned(plan),
        "metrics": [asdict(metric) for metric in METRICS],
        "rows": list(_rows(tally)),
        "verdicts": [judgement.as_dict(named) for judgement in judgements],
        "robust_minus_standard": list(_differences(tally)),
        "alignment": list(_aligned(tally)),
    }


def planned(plan: ExplanationPlan) -> dict[str, Any]:
    """Write what was measured, but for where the images lie."""
    values = {name: value for name, value in asdict(plan).items() if name != "source"}
    return values | {"options": {method: plan.options(method) for method in plan.methods}}


def _rows(tally: ExplanationTally) -> Iterator[dict[str, Any]]:
    plan = tally.work.plan
    for model in plan.models:
        for method in plan.rows:
            figures = {
                metric.key: _as_dict(estimated(tally.values[model, method, metric.key]))
                for metric in METRICS
            }
            parts = {
                f"{metric} {name}": _as_dict(estimated(values))
                for (of, by, metric, name), values in tally.by_replacement.items()
                if (of, by) == (model, method)
            }
            yield {
                "model": model,
                "method": method,
                "is_null": method in NULLS,
                "images": tally.done[model, method],
                "refused": tally.refused.get((model, method)),
                "figures": figures,
                "by_replacement": parts,
            }


def pairs(plan: ExplanationPlan) -> tuple[tuple[str, str], ...]:
    """List standard and robust models that can be compared: the same pixels, the same classes."""
    return tuple(
        (standard, robust)
        for standard in plan.models
        for robust in plan.models
        if not record(standard).is_robust
        and record(robust).is_robust
        and record(standard).input_size == record(robust).input_size
        and record(standard).classes == record(robust).classes
    )


def _differences(tally: ExplanationTally) -> Iterator[dict[str, Any]]:
    """Compare a robust model with a standard one, image by image."""
    plan = tally.work.plan
    for standard, robust in pairs(plan):
        for method in plan.rows:
            for metric in METRICS:
                first = tally.values[robust, method, metric.key]
                found = difference(first, tally.values[standard, method, metric.key])
                yield {
                    "standard": standard,
                    "robust": robust,
                    "method": method,
                    "metric": metric.key,
                    "difference": _as_dict(found),
                }


def _aligned(tally: ExplanationTally) -> Iterator[dict[str, Any]]:
    plan = tally.work.plan
    for figure, (title, meaning) in ALIGNMENT.items():
        yield {
            "key": figure,
            "title": title,
            "meaning": meaning,
            "models": {
                model: _as_dict(estimated(tally.aligned[model, figure])) for model in plan.models
            },
            "robust_minus_standard": [
                {
                    "standard": standard,
                    "robust": robust,
                    "difference": _as_dict(
                        difference(tally.aligned[robust, figure], tally.aligned[standard, figure])
                    ),
                }
                for standard, robust in pairs(plan)
            ],
        }


def _as_dict(found: Estimate | None) -> dict[str, float | int | None] | None:
    return None if found is None else found.as_dict()


def as_csv(tally: ExplanationTally) -> str:
    """Write a line an image and row of the table, every metric a column; empty: not defined."""
    plan = tally.work.plan
    lines = [",".join(["image", "model", "method", *(metric.key for metric in METRICS)])]
    for place, name in enumerate(tally.work.images.names):
        shown = name if not tally.work.images.private else f"image {place}"
        quoted = '"' + shown.replace('"', '""') + '"'
        for model in plan.models:
            for method in plan.rows:
                values = (tally.values[model, method, m.key][place] for m in METRICS)
                words = ("" if v != v else f"{v:.6g}" for v in values)
                lines.append(",".join([quoted, model, method, *words]))
    return "\n".join(lines) + "\n"
