"""Set-ups that are known to show something: ten of them, each with a gate that was measured.

The catalogue says what each is to show, and which pictures and targets are tried, in a fixed
order. `advviz presets --write` tries them on the shipped weights and keeps what it found in
`assets/presets.json`; a preset whose gate nothing passed is not offered.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from advviz.experiments.board import BoardSpec
from advviz.experiments.links import AnySpec, from_link
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.preset_words import FIRST, SENTENCES, TITLES
from advviz.experiments.references import made_by, true_class
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.models.records import record
from advviz.resources import assets

STRENGTHS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
"""Stops of the strength control, L2: few, so that a class asks for the same results."""

STANDARD, ROBUST = BoardSpec().standard, BoardSpec().robust
ALIKE = f"{STANDARD} correlation of the maps"
FILE = "presets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a preset is to show, under which gate, and what is tried for it."""

    id: str
    gate: str
    candidates: tuple[AnySpec, ...]  # tried in this order; the first that passes is taken
    view: Mapping[str, str] = field(default_factory=dict)  # of the page that shows it

    @property
    def title(self) -> str:
        """Return its title, with places."""
        return TITLES[self.id]

    @property
    def sentence(self) -> str:
        """Return what it shows in a sentence, with places."""
        return SENTENCES[self.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A preset that is offered: what passed its gate, and what was measured of it."""

    preset: Preset
    spec: AnySpec
    measured: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return the preset's id."""
        return self.preset.id

    @property
    def values(self) -> dict[str, str]:
        """Return what the places of the preset's words hold."""
        return places(self.spec, self.measured)


def places(spec: AnySpec, measured: Mapping[str, Any]) -> dict[str, str]:
    """Return what the words of a preset have places for.

    Args:
        spec: gives {shown}, {target} and {eps}.
        measured: of its gate; gives {alike}, where maps were compared.
    """
    made = next(iter(made_by(getattr(spec, "image", ""))), None)
    about = made if isinstance(made, AttackSpec) else spec
    image, model = getattr(about, "image", ""), getattr(about, "model", STANDARD)
    drawn = spec.unit.partition(":")[2] if isinstance(spec, VisualizeSpec) else ""
    eps = getattr(about, "eps", "")
    return {
        "shown": (true_class(image, record(model)) if image else None) or "",
        "target": drawn or getattr(about, "target", ""),
        "eps": f"{eps:g}" if isinstance(eps, float) else "",
        "alike": f"{measured[ALIKE]:.2f}" if ALIKE in measured else "",
    }


def _boards(*pairs: str, eps: float) -> tuple[BoardSpec, ...]:
    """Write boards as `picture target`, all with one budget."""
    words = [pair.split() for pair in pairs]
    return tuple(
        BoardSpec(image=f"sample:{image}", target=target, eps=eps) for image, target in words
    )


def _maps(*images: str) -> tuple[ExplainSpec, ...]:
    return tuple(
        ExplainSpec(
            model=STANDARD,
            image=f"sample:{image}",
            method="smoothgrad",
            explained=true_class(f"sample:{image}", record(STANDARD)) or PREDICTED,
        )
        for image in images
    )


RECOGNISED = ("chelsea", "mastiff", "dalmatian", "goose")
"""Pictures for the first preset, in the order of how well people recognise them at 64 pixels."""
TO_GOLDFISH = tuple(f"{image} goldfish" for image in RECOGNISED)


@cache
def catalogue() -> tuple[Preset, ...]:
    """Return the ten presets, in the order in which they are offered."""
    return (
        Preset(
            id=FIRST,
            gate="both right before; at the smallest stop up to the robust model's training eps, "
            "standard at least 90% target, robust still right",
            candidates=_boards(*TO_GOLDFISH, eps=1.0),
        ),
        Preset(
            id="only-noise",
            gate="both right before; at most 2 of 100 random directions change the standard "
            "model's answer; the attack reaches the target",
            candidates=_boards(*TO_GOLDFISH, eps=1.0),
            view={"noise": "true"},
        ),
        Preset(
            id="any-answer",
            gate="standard right before, and driven to every other class",
            candidates=_boards(
                "mastiff bus", "dalmatian bus", "goose bus", "jeep bird", "coffee bus", eps=1.0
            ),
        ),
        Preset(
            id="vanishing-car",
            gate="both right before; standard at least 90% target, robust still right",
            candidates=_boards(
                "jeep landscape", "offroader landscape", "jeep bridge", "offroader bridge",
                "goose landscape", "wader landscape", "dalmatian landscape", "mastiff landscape",
                "strawberries landscape", "coffee landscape",
                eps=1.0,
            ),
        ),
        Preset(
            id="how-small",
            gate="both right before; the robust model's first stop at least 3 times the "
            "standard model's",
            candidates=_boards(
                "coffee frog", "strawberries frog", "goose frog", "jeep frog", "mastiff frog",
                eps=1.0,
            ),
        ),
        Preset(
            id="whose-weakness",
            gate="both right before; the four answers are shown, whatever they are",
            candidates=_boards("goose dog", "eagle dog", "wader dog", "mastiff cat", eps=1.5),
            view={"transfer": "true"},
        ),
        Preset(
            id="two-ways",
            gate="both right before and driven to the target; the standard model sees it in the "
            "robust one's picture, and the robust model not in the standard one's",
            candidates=_boards(
                "mastiff cat", "dalmatian cat", "goose cat", "jeep cat", "mastiff goldfish",
                eps=10.0,
            ),
        ),
        Preset(
            id="what-moves",
            gate="both right",
            candidates=_maps("goose", "mastiff", "dalmatian", "jeep", "coffee"),
        ),
        Preset(
            id="two-questions",
            gate="as the first, at this eps; the correlation of the two maps is shown, whatever "
            "it is",
            candidates=tuple(
                board.row(STANDARD).smoothgrad for board in _boards(*TO_GOLDFISH, eps=1.0)
            ),
            view={"opened": "alike"},
        ),
        Preset(
            id="favourites",
            gate="of three classes that the robust model draws, the standard one names 2",
            candidates=tuple(
                VisualizeSpec(model=ROBUST, unit=f"class:{name}", eps=1000.0)
                for name in ("goldfish", "bus", "bird")
            ),
        ),
    )  # fmt: skip


def written() -> Mapping[str, Any]:
    """Read what the last screening wrote; empty where there was none."""
    path = assets() / FILE
    if not path.exists():
        return {}
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def offered() -> Mapping[str, Chosen]:
    """Return the presets that passed their gates, by id, in the order of the catalogue."""
    known = {preset.id: preset for preset in catalogue()}
    return {
        entry["id"]: Chosen(
            preset=known[entry["id"]], spec=from_link(entry["link"]), measured=entry["measured"]
        )
        for entry in written().get("presets", ())
        if entry["passed"] and entry["id"] in known
    }


def home() -> BoardSpec:
    """Return the board that Home shows: that of the first preset."""
    first = offered().get(FIRST)
    return first.spec if first and isinstance(first.spec, BoardSpec) else BoardSpec()
