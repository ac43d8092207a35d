"""The table of a benchmark of explanations as lines of text, and as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from advviz.evaluation.explanations.metrics import METRICS
from advviz.evaluation.explanations.table import Table, titles
from advviz.evaluation.explanations.verdicts import number


def written(figure: Mapping[str, Any] | None) -> str:
    """Write a mean with its interval, alike in every language."""
    if figure is None:
        return "–"
    if figure["low"] is None:
        return number(figure["mean"])
    return f"{number(figure['mean'])} [{number(figure['low'])}, {number(figure['high'])}]"


def told(table: Table) -> list[str]:
    """Say for people what was measured: per model a line a method, then what fails."""
    models = tuple(table["weights"])
    named = titles(models)
    lines = []
    for model in models:
        lines.append(f"{named[model]}, {table['n']} images of {table['images']}")
        for row in (row for row in table["rows"] if row["model"] == model):
            if row["refused"]:
                lines.append(f"  {named[row['method']]}: {row['refused']}")
                continue
            figures = (
                f"{metric.title.lower()} {written(row['figures'][metric.key])}"
                for metric in METRICS
            )
            lines.append(f"  {named[row['method']]}: {'; '.join(figures)}")
    lines += [verdict["sentence"] for verdict in table["verdicts"]]
    for figure in table["alignment"]:
        values = (f"{named[m]} {written(found)}" for m, found in figure["models"].items())
        lines.append(f"{figure['title']}: {', '.join(values)}")
    return lines


def markdown(table: Table) -> Iterator[str]:
    """Write a table a model in Markdown: a row a method, a column a metric."""
    models = tuple(table["weights"])
    named = titles(models)
    arrows = {"high": "↑", "low": "↓"}
    for model in models:
        yield f"**{named[model]}** (n = {table['n']})"
        yield ""
        yield "| | " + " | ".join(f"{m.title} {arrows[m.better]}" for m in METRICS) + " |"
        yield "|---" * (len(METRICS) + 1) + "|"
        for row in (row for row in table["rows"] if row["model"] == model):
            name = f"*{named[row['method']]}*" if row["is_null"] else named[row["method"]]
            cells = (written(row["figures"][metric.key]) for metric in METRICS)
            yield f"| {name} | " + " | ".join(cells) + " |"
        yield ""
