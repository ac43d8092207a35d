"""When to believe a map: the trust panel under the maps, for every model of the page."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from advviz import pictures
from advviz.evaluation.trust import NAMES, RANDOM, Judgement, judged
from advviz.evaluation.trust_faith import SHOWN
from advviz.evaluation.trust_finding import Finding
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.experiments.specs import ExplainSpec
from advviz.experiments.trust import TrustSpec
from advviz.models.randomized import FROM
from advviz.models.records import record
from advviz.ui import components, drawers, figures, running, trust_curves
from advviz.ui.figures import Finished, Row, Tile, behind, picture, rich, show, table
from advviz.ui.language import labelled, say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.side_by_side import methods, title
from advviz.ui.state import control
from advviz.ui.words import ROW, model_name

KEY = "av.trust"
SHOWN_BY = ("tested", "plainly", "quickly")
"""Fields of the view that say what is tested."""
SIDE = 128  # CSS pixels of a map of the cascade
MEANING = (
    "A map is compared with what cannot know the network: the same method on {n} copies with "
    "random weights, the edges of the picture, noise, and the map itself, shifted. The thresholds "
    "are the same for every map. A test can expose a map; none can show that it is right."
)
CURVES = {
    "insertion": "Pixels put back in the map's order, the rest blurred: probability of {name}",
    "deletion": "Pixels blurred in the map's order: probability of {name}",
}
QUICK: Mapping[str, Any] = {"copies": 5, "noisy": 4, "points": 8}
"""What a quick look compares with; of so few copies no rank test can be passed."""


def drawer(setup: Setup) -> tuple[TrustSpec, ...]:
    """Offer the tests of the maps; return those that are shown."""
    if setup.view.opened == "trust":
        st.session_state.setdefault(KEY, True)
    label = say("When to believe a map: tests against random weights, edges and noise")
    place = drawers.opened(label, KEY)
    if place is None:
        return ()
    with place:
        _choices(setup)
        told = st.empty()
        finds = running.show(specs(setup), told, lambda finds: draw(setup, finds))
        running.failures(finds)
        for model in setup.models:
            result = finds[spec_of(setup, model)].result
            if result is not None:
                _curves(model, result)
        words = say(MEANING, n=spec_of(setup, setup.models[0]).copies)
        st.html(show(f'<p class="av-quiet av-reach">{rich(words)}</p>'))
    return tuple(spec_of(setup, model) for model in setup.models)


def _choices(setup: Setup) -> None:
    """Choose which of the page's maps are tested."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.segmented_control(
            say("Test the map of the picture"),
            ["original", "attacked"],
            required=True,
            format_func=labelled(("original", "attacked"), term),
            **control("av.tested", setup.view.tested, lambda s, v: s.with_view(tested=v)),
        )
        plain, beside = methods(setup)
        st.segmented_control(
            say("Made by"),
            [False, True],
            required=True,
            format_func={False: title(beside), True: title(plain)}.__getitem__,
            **control("av.plainly", setup.view.plainly, lambda s, v: s.with_view(plainly=v)),
        )
        st.toggle(
            say("Quick look"),
            help=say(
                "Fewer networks with random weights and fewer noisy inputs: more often not enough "
                "to tell. For methods that take long."
            ),
            **control("av.quickly", setup.view.quickly, lambda s, v: s.with_view(quickly=v)),
        )


def spec_of(setup: Setup, model: str) -> TrustSpec:
    """The tests of a model's map."""
    plain, beside = methods(setup)
    method = plain if setup.view.plainly else beside
    made = setup.explain_on(model, method, setup.view.tested)
    panel = TrustSpec(**{f.name: getattr(made, f.name) for f in fields(ExplainSpec)})
    return replace(panel, **QUICK) if setup.view.quickly else panel


def specs(setup: Setup) -> tuple[Spec, ...]:
    """All maps that are compared, and the panels after them."""
    panels = [spec_of(setup, model) for model in setup.models]
    needed = [spec for panel in panels for spec in (*panel.prerequisites(), panel)]
    return tuple(dict.fromkeys(needed))


def draw(setup: Setup, finds: Finds) -> str:
    """Every model's findings, or how far they have come."""
    told = []
    for model in setup.models:
        panel = spec_of(setup, model)
        result = finds[panel].result
        told.append(_waiting(setup, panel, finds) if result is None else _told(panel, result))
    return "".join(f'<div style="margin-bottom:22px">{each}</div>' for each in told)


def _waiting(setup: Setup, panel: TrustSpec, finds: Finds) -> str:
    """How many of a panel's maps are there, and what is being made."""
    needed = [finds[spec] for spec in panel.prerequisites()]
    done = sum(shown.result is not None for shown in needed)
    name = model_name(record(panel.model), record(setup.other(panel.model)))
    said = say("{name}: {done} of {n} maps are there", name=name, done=done, n=len(needed))
    return show(f"<p>{rich(said)} · {rich(finds[panel].words)}</p>")


def _told(panel: TrustSpec, result: Result) -> str:
    """One model's findings, the maps of the cascade, and the last line."""
    found, described = judged(panel, result.facts), record(panel.model)
    strip = figures.strip(described, verdict(found.overall))
    random = f"<p><b>{rich(term(RANDOM))}</b></p>" if found.random else ""
    return (
        figures.board(_heads(panel), [Row(described, strip, _cascade(panel, result))], (), SIDE)
        + show(f'<p class="av-below"><b>{rich(said(found.overall))}</b></p>{random}')
        + listed(found)
        + behind(say("The maps of the cascade as a table"), _table(panel, result))
    )


def said(finding: Finding) -> str:
    """A finding's sentence, in the reader's language; a class is named in it, too."""
    values = {name: term(value) for name, value in finding.values.items() if isinstance(value, str)}
    return term(finding.sentence).format(**{**finding.values, **values})


def verdict(finding: Finding) -> str:
    """A verdict by symbol and word."""
    return f"{finding.symbol} {term(finding.verdict)}"


def listed(found: Judgement) -> str:
    """All findings, a line each."""
    rows = [(verdict(each), term(NAMES[each.name]), said(each)) for each in found.findings]
    return table([say("Verdict"), say("Test"), say("What came out")], rows)


def _stages(panel: TrustSpec) -> list[str]:
    """What is random in each map of the cascade: of the model itself, nothing."""
    named = [model.partition(FROM)[2] for model in panel.stages]
    random = [say("from {layer} on", layer=n) if n else say("all random") for n in named]
    return [say("as trained"), *random]


def _heads(panel: TrustSpec) -> list[str]:
    return [*_stages(panel), say("edges")]


def _likeness(result: Result) -> list[tuple[str, str]]:
    """Rank correlation and SSIM of each stage with the model's own map, written."""
    of = result.facts["randomized"]["cascade"]
    pairs = zip(of["rank"], of["ssim"], strict=True)
    return [("–" if r is None else f"{r:.2f}", "–" if s is None else f"{s:.2f}") for r, s in pairs]


def _cascade(panel: TrustSpec, result: Result) -> list[Tile]:
    """The averaged maps while ever more layers are random, and the edges."""
    shown = [*result.arrays["cascade"], result.arrays["edges"]]
    alike = ["", *(say("alike {r}", r=rank) for rank, _ in _likeness(result)), ""]
    return [
        Tile(picture(pictures.absolute_ink(each), f"{say('averaged map')}: {head}", SIDE), words)
        for each, head, words in zip(shown, _heads(panel), alike, strict=True)
    ]


def _table(panel: TrustSpec, result: Result) -> str:
    rows = [
        (stage, *figures_)
        for stage, figures_ in zip(_stages(panel)[1:], _likeness(result), strict=True)
    ]
    return table([say("random weights"), say("rank correlation"), "SSIM"], rows)


def _curves(model: str, result: Result) -> None:
    """Insertion and deletion with the maps that know nothing, and their numbers."""
    described = record(model)
    symbol, word = ROW[described.is_robust]
    named, shares = term(result.facts["explained"]), result.arrays["fractions"]
    for column, which in zip(st.columns(2, gap="large"), CURVES, strict=True):
        found = trust_curves.followed(described, shares, result.arrays[f"{which} {SHOWN}"])
        heading = say(CURVES[which], name=named)
        with column:
            st.html(show(f"<p><b>{symbol} {rich(word)}</b> · {rich(heading)}</p>"))
            drawing = trust_curves.drawn(found, heading)
            components.drawing(drawing, f"av.trust.{model}.{which}")
            st.html(Finished(trust_curves.numbers(found)))
