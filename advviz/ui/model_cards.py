"""What the page of the models says of each: its family, its record, and whether it is here."""

from collections.abc import Mapping
from html import escape
from typing import Any

from advviz.errors import WeightsError
from advviz.models import shelf, sizes, zoo
from advviz.models.model_record import (
    FETCHED,
    HubCheckpoint,
    ModelRecord,
    TorchvisionWeights,
    UploadedFile,
)
from advviz.models.records import bundled, catalogue
from advviz.ui.compute import size
from advviz.ui.figures import accent, rich, show
from advviz.ui.words import ROW, percent, strength

BUNDLED, YOURS = "bundled", "yours"
FAMILIES = {
    BUNDLED: "Come with advviz",
    YOURS: "Your own",
    zoo.ROBUST: "ImageNet, robust",
    zoo.STANDARD: "ImageNet, standard",
    zoo.AUGMENTED: "ImageNet, augmented",
}
"""The families of models, in the order in which they are shown."""
FIRST_USE = "recorded at first use"
UNKNOWN = "not known: a file says nothing of how it was trained"


def family_of(described: ModelRecord) -> str:
    """Name the family under which a model is shown."""
    if described.id in bundled():
        return BUNDLED
    return described.family if described.family in FAMILIES else YOURS


def members(family: str) -> tuple[ModelRecord, ...]:
    """List the models of a family in the catalogue, by architecture and training."""
    found = [described for described in catalogue().values() if family_of(described) == family]
    return tuple(found)


def architectures(models: tuple[ModelRecord, ...]) -> tuple[str, ...]:
    """List the architectures of models in the order in which they come."""
    return tuple(dict.fromkeys(described.architecture for described in models))


def short_architecture(architecture: str) -> str:
    """Name an architecture for people."""
    library, _, name = architecture.rpartition(":")
    return zoo.TITLES.get(name, name if library != "timm" else f"{name} of timm")


def trained(described: ModelRecord) -> str:
    """Say in words what a model was trained against."""
    if isinstance(described.weights_origin, UploadedFile):
        return UNKNOWN
    if described.augmented:
        return "with adversarial pictures as more data: adversarially augmented, not robust"
    if described.is_robust:
        budget = strength(str(described.training_norm), described.training_eps)
        return f"robust: against a search within {budget}"
    if described.family == zoo.ROBUST:
        return "standard: without an attacker, by the recipe of the robust ones"
    return "standard: without an attacker"


def line(described: ModelRecord) -> str:
    """Say a model in one line, for a list in which people choose."""
    symbol = ROW[described.is_robust][0]
    clean = described.published.get("clean")
    accuracy = f" · {percent(clean['value'])} clean" if clean else ""
    return f"{symbol} {described.title}{accuracy}"


def rung_line(described: ModelRecord) -> str:
    """Say a rung of a published ladder in one line: its architecture is known."""
    budget = "standard"
    if described.is_robust:
        budget = strength(str(described.training_norm), described.training_eps)
    clean = percent(described.published["clean"]["value"])
    return f"{ROW[described.is_robust][0]} {budget} · {clean} clean"


def where(described: ModelRecord) -> str:
    """Say whether a model is on this machine, and how many bytes it takes or would take."""
    if isinstance(described.weights_origin, UploadedFile):
        return "in this server's memory, for a while"
    if shelf.is_on_disk(described):
        taken = sizes.size_on_disk(described)
        return "on this machine" + (f", {size(taken)}" if taken else "")
    if not isinstance(described.weights_origin, FETCHED):
        return "its file is gone"
    wanted = sizes.download_size(described)
    return "not on this machine" + (f"; a download of about {size(wanted)}" if wanted else "")


def digest(described: ModelRecord) -> str:
    """Return the sha256 by which a model's weights are known, or say that it is not known yet."""
    published = getattr(described.weights_origin, "sha256", None)
    try:
        return str(published or shelf.digest(described))
    except WeightsError:
        if isinstance(described.weights_origin, TorchvisionWeights):
            return f"{described.weights_origin.sha256_prefix}…, then {FIRST_USE}"
        return FIRST_USE


def card(described: ModelRecord) -> str:
    """Draw all that is known of a model, but for what it takes to have it."""
    symbol, _ = ROW[described.is_robust]
    rows: list[tuple[str, str]] = [
        ("Architecture", described.architecture),
        ("Trained", trained(described)),
        ("Sees", f"{described.input_size} × {described.input_size} pixels"),
        ("Knows", _classes(described)),
        ("Licence", described.licence),
        ("Source", _source(described)),
        ("To cite", described.citation or "nothing given"),
        ("sha256", digest(described)),
        ("Published", "; ".join(published(described.published)) or "nothing"),
        ("Measured here", "; ".join(measured(described.accuracies)) or "nothing yet"),
    ]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{rich(value)}</dd>" for name, value in rows)
    return show(
        f'<div class="av-card {accent(described)}"><div class="av-strip">'
        f'<span class="av-name"><span class="av-mark">{symbol}</span> '
        f"{escape(described.title)}</span>"
        f'<span class="av-detail">{escape(where(described))}</span></div>'
        f'<dl class="av-record">{facts}</dl></div>'
    )


def published(accuracies: Mapping[str, Any]) -> list[str]:
    """Write accuracies from elsewhere, each with where it is from."""
    return [
        f"**{100 * of['value']:.2f}%** {_named(name)} ({of['source']})"
        for name, of in accuracies.items()
    ]


def measured(accuracies: Mapping[str, Any]) -> list[str]:
    """Write accuracies of a record that were measured here; clean ones once, then by attack."""
    told: list[str] = []
    largest = max(accuracies.values(), key=lambda of: of["n"], default=None)
    if largest is not None:
        told.append(f"**{_share(largest['clean_accuracy'])}** clean (n = {largest['n']})")
    for of in accuracies.values():
        attack = of["attack"]
        told.append(
            f"**{_share(of['robust_accuracy'])}** under PGD-{attack['steps']} with "
            f"{attack['restarts']} {'search' if attack['restarts'] == 1 else 'searches'}, "
            f"{strength(attack['norm'], attack['eps'])} (n = {of['n']})"
        )
    return told


def _share(of: Mapping[str, float]) -> str:
    return f"{100 * of['value']:.1f}% ({100 * of['low']:.1f} to {100 * of['high']:.1f})"


def _named(name: str) -> str:
    return "clean" if name == "clean" else f"under {name}"


def _classes(described: ModelRecord) -> str:
    shown = ", ".join(described.classes[:14])
    more = ", …" if len(described.classes) > 14 else ""
    return f"{len(described.classes)} classes: {shown}{more}"


def _source(described: ModelRecord) -> str:
    origin = described.weights_origin
    if isinstance(origin, HubCheckpoint) and origin.repository not in described.source:
        return f"{described.source}; {origin.repository}/{origin.file}"
    return described.source
