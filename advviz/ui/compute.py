"""The Compute page: what the engine is doing, in counts and plain words."""

from html import escape

from advviz.compute.status import EngineStatus, Kept, Queued
from advviz.errors import AdvvizError
from advviz.models.records import record
from advviz.ui.figures import rich, show, table
from advviz.ui.words import duration

EVERY = 2.0  # seconds between two looks at the engine

KINDS = {
    "attack": "attack",
    "defences": "defences tried on a picture",
    "evaluate": "evaluation, in pieces",
    "explain": "saliency map",
    "forming": "feature visualization, watched",
    "noise": "random noise, the control",
    "predict": "prediction",
    "smallest": "search for the smallest change",
    "surface": "loss around a picture",
    "visualize": "feature visualization",
}
"""What the kinds of experiments are called."""


def draw(status: EngineStatus) -> str:
    """The engine at one moment: the machine, four figures, and three tables."""
    return show(
        f"{_machine(status)}{_figures(status)}"
        '<div class="av-facts">'
        f"<section><h3>In the queue</h3>{_queue(status)}</section>"
        f"<section><h3>Models in memory</h3>{_models(status)}</section>"
        f"<section><h3>Where results came from</h3>{_sources(status)}</section>"
        f"<section><h3>Results that are kept</h3>{_kept(status)}</section>"
        "</div>"
    )


def meaning() -> str:
    """What the numbers mean, and who may empty what."""
    told = (
        "**Everybody shares one engine.** On a CPU it works on one job at a time, in turns of half "
        "a second; on a GPU, jobs for the same model advance together. First come, first served, "
        "but the first job of every visitor before the second of any. A job that has taken more "
        "than two seconds goes behind newer, shorter ones; work in the background, such as getting "
        "ready for visitors, goes last.",
        "**A step** is one question to a network: what does it say of these pictures, and which "
        "way does the answer move? An attack of 20 steps asks a few more.",
        "**Answered without computing**: the same set-up gives the same numbers, so a result that "
        "is known, or is being computed already, is not computed once more.",
        "**Nobody can clear anything from this page**, for others may be using it. What is kept "
        "is bounded, and the least recently used leaves by itself. The owner of this machine "
        "empties the results on disk with **advviz cache clear**.",
        "**Only counts and kinds are shown here**: no picture, no target and no link of anybody.",
    )
    return show('<div class="av-meaning">' + "".join(f"<p>{rich(p)}</p>" for p in told) + "</div>")


def worker_words(status: EngineStatus) -> str:
    """Say whether the worker works."""
    if status.worker is None:
        return "○ not started: nothing has been computed yet"
    if not status.worker:
        return "✗ stopped: the owner of this machine must start advviz again"
    return "● working" if status.begun or status.waiting else "○ idle"


def size(count: int) -> str:
    """Write a number of bytes in the unit that suits it."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1000:
            return f"{value:.3g} {unit}" if unit != "bytes" else f"{count} bytes"
        value /= 1024
    return f"{value:.3g} GiB"


def _machine(status: EngineStatus) -> str:
    return (
        f'<div class="av-strip av-machine"><span class="av-name">{escape(status.device)}</span>'
        f'<span class="av-verdict">{escape(worker_words(status))}</span>'
        f'<span class="av-detail">started {escape(duration(status.uptime))} ago</span></div>'
    )


def _figures(status: EngineStatus) -> str:
    rate, counts = status.counts.hit_rate, status.counts
    speed = status.throughput
    figures = (
        (
            "Queue",
            f"{status.waiting} waiting",
            f"{status.begun} begun; {status.watching} "
            f"{'page waits' if status.watching == 1 else 'pages wait'} for results",
        ),
        (
            "Answered without computing",
            "–" if rate is None else f"{100 * rate:.0f}%",
            f"of {counts.asked:,} results that were asked for"
            if counts.asked
            else "nothing has been asked for yet",
        ),
        (
            "Throughput, last minute",
            f"{_rate(speed.steps)} steps/s",
            f"{_rate(speed.rows)} pictures/s; the worker was busy {100 * speed.busy:.0f}% "
            "of the time",
        ),
        (
            "Memory of the whole process",
            "–" if status.process is None else size(status.process),
            "models, kept results, pages and libraries together",
        ),
    )
    return (
        '<div class="av-gauges">'
        + "".join(
            f'<div><p class="av-quiet">{rich(name)}</p><p class="av-big">{rich(value)}</p>'
            f"<small>{rich(basis)}</small></div>"
            for name, value, basis in figures
        )
        + "</div>"
    )


def _rate(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 10 else f"{value:,.0f}"


def _queue(status: EngineStatus) -> str:
    if not status.queue:
        return "<p>Nothing is being computed and nothing waits.</p>"
    return table(("Kind", "Begun", "Waiting"), [_queued(queued) for queued in status.queue])


def _queued(queued: Queued) -> tuple[str, str, str]:
    behind = f" ({queued.background} in the background)" if queued.background else ""
    return f"{KINDS.get(queued.kind, queued.kind)}{behind}", str(queued.begun), str(queued.waiting)


def _models(status: EngineStatus) -> str:
    if not status.models:
        return "<p>None yet: a model is loaded when it is first asked.</p>"
    return table(
        ("Model", "Numerics", "Size"),
        [(_title(m.model), m.numerics, size(m.bytes)) for m in reversed(status.models)],
    )


def _title(model: str) -> str:
    try:
        return record(model).title
    except AdvvizError:
        return model


def _sources(status: EngineStatus) -> str:
    counts = status.counts
    rows = (
        ("Known: in memory", counts.found["memory"]),
        ("Known: came with advviz", counts.found["shipped"]),
        ("Known: on disk", counts.found["disk"]),
        ("Already being computed, or waiting", counts.joined),
        ("Had to be computed", counts.missed - counts.joined),
        ("Jobs computed, warming included", counts.computed),
        ("Jobs failed", counts.failed),
        ("Jobs stopped because nobody wanted them any more", counts.cancelled),
    )
    worked = ("Steps answered", f"{counts.steps:,} in {duration(counts.busy)} of work")
    return table(("Since the start", "Count"), [*((name, f"{n:,}") for name, n in rows), worked])


def _kept(status: EngineStatus) -> str:
    rows = [_place("In memory", status.memory)]
    if status.disk is not None:
        rows.append(_place("On disk, for the next start", status.disk))
    return table(("Where", "Results", "Size", "At most"), rows)


def _place(name: str, kept: Kept) -> tuple[str, str, str, str]:
    return name, f"{kept.results:,}", size(kept.bytes), size(kept.limit)
