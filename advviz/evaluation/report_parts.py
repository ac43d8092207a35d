"""The parts of a report that are words, tables and pictures."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from advviz.evaluation import figures
from advviz.evaluation.red_flags import checked
from advviz.evaluation.repeat import repeated
from advviz.evaluation.statement import training
from advviz.evaluation.tally import Tally
from advviz.models.records import record


@dataclass(frozen=True, slots=True)
class Example:
    """An image before and after an attack, each as a PNG file, and what became of it."""

    model: str
    before: bytes
    after: bytes
    change: bytes
    words: str


def flags(tally: Tally) -> str:
    """Say of each model which red flags were raised, looked for, and not looked for."""
    pieces = []
    for model in tally.work.plan.models:
        found, title = checked(tally, model), escape(record(model).title)
        for flag in found.flags:
            pieces.append(
                f"<p class='flag'><b>⚑ {title}: {escape(flag.name)}.</b> {escape(flag.sentence)} "
                f"(threshold {flag.threshold:g}).</p>"
            )
        if not found.flags:
            pieces.append(f"<p class='sound'><b>✓ {title}:</b> no red flag was raised.</p>")
        looked = ", ".join(found.passed) or "none"
        missing = "; ".join(f"{name}: {why}" for name, why in found.not_checked.items())
        pieces.append(
            f"<p class='quiet'>{title}: checked and passed: {escape(looked)}. "
            f"Not checked: {escape(missing or 'none')}.</p>"
        )
    return "".join(pieces)


def accuracies(tally: Tally) -> str:
    """List every accuracy with its interval."""
    plan, rows = tally.work.plan, []
    for model in plan.models:
        named = (record(model).title, training(model))
        rows.append([*named, "no attack", "", str(figures.clean(tally, model) or "–")])
        for budget in plan.budgets:
            for attack in plan.attacks_in(budget.norm):
                share = figures.accuracy(tally, model, attack.name, budget)
                rows.append([*named, attack.name, str(budget), str(share or "–")])
            share = figures.worst(tally, model, budget).share
            rows.append([*named, "worst case", str(budget), str(share or "–")])
    return _table(["model", "training", "attack", "budget", "accuracy"], rows)


def classes(tally: Tally) -> str:
    """List every class, at the middle eps of the first norm."""
    plan = tally.work.plan
    budget = plan.middle(plan.norms[0])
    rows = [
        [record(model).title, line.name, str(line.clean.n), str(line.clean), str(line.robust)]
        for model in plan.models
        for line in figures.per_class(tally, model, budget)
    ]
    head = ["model", "class", "images", "right as they are", f"worst case at {budget}"]
    return f"<details><summary>{len(rows)} lines</summary>{_table(head, rows)}</details>"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def pictures(examples: Sequence[Example]) -> str:
    """Show images before and after the attack, and the change between."""
    pieces = []
    for example in examples:
        shown = "".join(
            f"<img alt='{escape(alt, quote=True)}' src='{_address('image/png', data)}'>"
            for alt, data in (
                ("before the attack", example.before),
                ("the change, amplified", example.change),
                ("after the attack", example.after),
            )
        )
        title = escape(record(example.model).title)
        pieces.append(
            f"<figure class='example'>{shown}<figcaption><b>{title}</b> {escape(example.words)}"
            "</figcaption></figure>"
        )
    return f"<div class='examples'>{''.join(pieces)}</div>"


def repeat(tally: Tally, downloads: Mapping[str, str]) -> str:
    """Give the command, versions and digests, and the numbers as files inside the report."""
    facts = repeated(tally)
    table = _table(
        ["", ""],
        [
            [name.replace("_", " "), value if isinstance(value, str) else json.dumps(value)]
            for name, value in facts.items()
            if name != "command"
        ],
    )
    links = [_link(name, text) for name, text in downloads.items()]
    return f"<pre>{escape(facts['command'])}</pre>{table}<p>{' · '.join(links)}</p>"


def _link(name: str, text: str) -> str:
    kind = "application/json" if name.endswith("json") else "text/csv"
    return f"<a download='advviz-{name}' href='{_address(kind, text.encode())}'>{name}</a>"


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
