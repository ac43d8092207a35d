"""The uses of a spec: as a link, as command-line words, as a Python program."""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

from advviz.experiments import attack_choice, codec, explainer_choice
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.board import BoardSpec
from advviz.experiments.codec import to_link, to_query
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.specs import (
    AttackSpec,
    ExplainSpec,
    NoiseSpec,
    PredictSpec,
    VisualizeSpec,
)
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.fields import written

__all__ = ["from_link", "from_query", "to_flags", "to_link", "to_python", "to_query"]

Group = BoardSpec | LadderSpec
"""What stands for several experiments at once."""

Inquiry = SmallestSpec | DefencesSpec | SurfaceSpec | TrustSpec | AlikeSpec | UnitsSpec
Picture = PredictSpec | AttackSpec | NoiseSpec | ExplainSpec | VisualizeSpec | Inquiry
Lab = FeaturesSpec | LabTrainingSpec
"""What asks no model of the catalogue."""
Layer = AtlasSpec | ResponsesSpec
"""What is about all units of a layer."""

AnySpec = Picture | Lab | Layer | Group
KINDS: dict[str, type[AnySpec]] = {spec.kind: spec for spec in get_args(AnySpec)}


def from_query(query: Mapping[str, str]) -> AnySpec:
    """Read any spec from the parameters of a link.

    Raises:
        InvalidInputError: see `codec.from_query`.
    """
    spec: AnySpec = codec.from_query(query, KINDS)
    return spec


def from_link(link: str) -> AnySpec:
    """Read any spec from the query string of a link.

    Raises:
        InvalidInputError: see `codec.from_query`.
    """
    spec: AnySpec = codec.from_link(link, KINDS)
    return spec


def to_flags(spec: AnySpec) -> list[str]:
    """Write a spec as command-line words: its command, then every field that is used.

    The image, which has no default, comes first and without a flag.
    """
    words = [*getattr(spec, "command", (spec.kind,))]
    choice = explainer_choice if isinstance(spec, ExplainSpec) else attack_choice
    for name, value in choice.flat(spec):
        flag = [] if name == "image" else [f"--{name.replace('_', '-')}"]
        words += [*flag, written(value)]
    return words


def to_python(spec: AnySpec) -> str:
    """Write a spec as a Python program that computes the same bytes; a group, all of its specs."""
    name = type(spec).__name__
    group = isinstance(spec, Group)
    last = (
        "results = [engine().run(each) for each in spec.specs()]"
        if group
        else "result = engine().run(spec)"
    )
    module = type(spec).__module__
    arguments = "".join(f"    {f.name}={getattr(spec, f.name)!r},\n" for f in fields(spec))
    return (
        f"from advviz.compute import engine\n"
        f"from {module} import {name}\n\n"
        f"spec = {name}(\n{arguments})\n"
        f"{last}\n"
    )
