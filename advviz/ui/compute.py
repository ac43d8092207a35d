"""The Compute page: what the engine is doing, in counts and plain words."""

from html import escape

from advviz.compute.status import EngineStatus, Kept, Queued
from advviz.errors import AdvvizError
from advviz.models.records import record
from advviz.ui.figures import rich, show, table
from advviz.ui.language import say, term
from advviz.ui.words import duration, title_of

EVERY = 2.0  # seconds between two looks at the engine

KINDS = {
    "alike": "maps before and after an attack",
    "atlas": "layer atlas",
    "attack": "attack",
    "defences": "defences tried on a picture",
    "evaluate": "evaluation, in pieces",
    "explain": "saliency map",
    "explanations": "explanations measured, in pieces",
    "features": "lab: bugs or features?",
    "forming": "feature visualization, watched",
    "invert": "inversion of features",
    "lab-training": "lab: train a robust model",
    "noise": "random noise, the control",
    "predict": "prediction",
    "responses": "what units answer to",
    "smallest": "search for the smallest change",
    "surface": "loss around a picture",
    "trust": "tests of a saliency map",
    "trust-maps": "saliency map of a random copy",
    "units": "units that an attack turned on and off",
    "visualize": "feature visualization",
}
"""What the kinds of experiments are called."""


def draw(status: EngineStatus) -> str:
    """The engine at one moment: the machine, four figures, and three tables."""
    return show(
        f"{_machine(status)}{_figures(status)}"
        '<div class="av-facts">'
        f"<section><h3>{rich(say('In the queue'))}</h3>{_queue(status)}</section>"
        f"<section><h3>{rich(say('Models in memory'))}</h3>{_models(status)}</section>"
        f"<section><h3>{rich(say('Where results came from'))}</h3>{_sources(status)}</section>"
        f"<section><h3>{rich(say('Results that are kept'))}</h3>{_kept(status)}</section>"
        "</div>"
    )


def meaning() -> str:
    """What the numbers mean, and who may empty what."""
    told = (
        say(
            "**Everybody shares one engine.** On a CPU it works on one job at a time, in turns "
            "of half a second; on a GPU, jobs for the same model advance together. First come, "
            "first served, but the first job of every visitor before the second of any. A job "
            "that has taken more than two seconds goes behind newer, shorter ones; work in the "
            "background, such as getting ready for visitors, goes last."
        ),
        say(
            "**A step** is one question to a network: what does it say of these pictures, and "
            "which way does the answer move? An attack of 20 steps asks a few more."
        ),
        say(
            "**Answered without computing**: the same set-up gives the same numbers, so a result "
            "that is known, or is being computed already, is not computed once more."
        ),
        say(
            "**Nobody can clear anything from this page**, for others may be using it. What is "
            "kept is bounded, and the least recently used leaves by itself. The owner of this "
            "machine empties the results on disk with **advviz cache clear**."
        ),
        say(
            "**Only counts and kinds are shown here**: no picture, no target and no link of "
            "anybody."
        ),
    )
    return show('<div class="av-meaning">' + "".join(f"<p>{rich(p)}</p>" for p in told) + "</div>")


def worker_words(status: EngineStatus) -> str:
    """Say whether the worker works."""
    if status.worker is None:
        return say("○ not started: nothing has been computed yet")
    if not status.worker:
        return say("✗ stopped: the owner of this machine must start advviz again")
    return say("● working") if status.begun or status.waiting else say("○ idle")


def size(count: int) -> str:
    """Write a number of bytes in the unit that suits it."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1000:
            return f"{value:.3g} {unit}" if unit != "bytes" else say("{count} bytes", count=count)
        value /= 1024
    return f"{value:.3g} GiB"


def _machine(status: EngineStatus) -> str:
    started = say("started {duration} ago", duration=duration(status.uptime))
    return (
        f'<div class="av-strip av-machine"><span class="av-name">{escape(status.device)}</span>'
        f'<span class="av-verdict">{escape(worker_words(status))}</span>'
        f'<span class="av-detail">{escape(started)}</span></div>'
    )


def _figures(status: EngineStatus) -> str:
    rate, counts = status.counts.hit_rate, status.counts
    speed = status.throughput
    figures = (
        (
            say("Queue"),
            say("{waiting} waiting", waiting=status.waiting),
            _watched(status),
        ),
        (
            say("Answered without computing"),
            "–" if rate is None else f"{100 * rate:.0f}%",
            say("of {asked:,} results that were asked for", asked=counts.asked)
            if counts.asked
            else say("nothing has been asked for yet"),
        ),
        (
            say("Throughput, last minute"),
            say("{rate} steps/s", rate=_rate(speed.steps)),
            say(
                "{rate} pictures/s; the worker was busy {busy:.0f}% of the time",
                rate=_rate(speed.rows),
                busy=100 * speed.busy,
            ),
        ),
        (
            say("Memory of the whole process"),
            "–" if status.process is None else size(status.process),
            say("models, kept results, pages and libraries together"),
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


def _watched(status: EngineStatus) -> str:
    if status.watching == 1:
        return say("{begun} begun; 1 page waits for results", begun=status.begun)
    return say(
        "{begun} begun; {watching} pages wait for results",
        begun=status.begun,
        watching=status.watching,
    )


def _rate(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 10 else f"{value:,.0f}"


def _queue(status: EngineStatus) -> str:
    if not status.queue:
        return f"<p>{rich(say('Nothing is being computed and nothing waits.'))}</p>"
    heads = (say("Kind"), say("Begun"), say("Waiting"))
    return table(heads, [_queued(queued) for queued in status.queue])


def _queued(queued: Queued) -> tuple[str, str, str]:
    behind = (
        say(" ({background} in the background)", background=queued.background)
        if queued.background
        else ""
    )
    return (
        f"{term(KINDS.get(queued.kind, queued.kind))}{behind}",
        str(queued.begun),
        str(queued.waiting),
    )


def _models(status: EngineStatus) -> str:
    if not status.models:
        return f"<p>{rich(say('None yet: a model is loaded when it is first asked.'))}</p>"
    return table(
        (say("Model"), say("Numerics"), say("Size")),
        [(_title(m.model), term(m.numerics), size(m.bytes)) for m in reversed(status.models)],
    )


def _title(model: str) -> str:
    try:
        return title_of(record(model))
    except AdvvizError:
        return model


def _sources(status: EngineStatus) -> str:
    counts = status.counts
    rows = (
        (say("Known: in memory"), counts.found["memory"]),
        (say("Known: came with advviz"), counts.found["shipped"]),
        (say("Known: on disk"), counts.found["disk"]),
        (say("Already being computed, or waiting"), counts.joined),
        (say("Had to be computed"), counts.missed - counts.joined),
        (say("Jobs computed, warming included"), counts.computed),
        (say("Jobs failed"), counts.failed),
        (say("Jobs stopped because nobody wanted them any more"), counts.cancelled),
    )
    worked = (
        say("Steps answered"),
        say("{steps:,} in {duration} of work", steps=counts.steps, duration=duration(counts.busy)),
    )
    return table(
        (say("Since the start"), say("Count")), [*((name, f"{n:,}") for name, n in rows), worked]
    )


def _kept(status: EngineStatus) -> str:
    rows = [_place(say("In memory"), status.memory)]
    if status.disk is not None:
        rows.append(_place(say("On disk, for the next start"), status.disk))
    return table((say("Where"), say("Results"), say("Size"), say("At most")), rows)


def _place(name: str, kept: Kept) -> tuple[str, str, str, str]:
    return name, f"{kept.results:,}", size(kept.bytes), size(kept.limit)
