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
from advviz.ui.language import quote, say, term
from advviz.ui.words import ROW, percent, strength, title_of

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
    return zoo.TITLES.get(name, name if library != "timm" else say("{name} of timm", name=name))


def trained(described: ModelRecord) -> str:
    """Say in words what a model was trained against."""
    if isinstance(described.weights_origin, UploadedFile):
        return say(UNKNOWN)
    if described.augmented:
        return say("with adversarial pictures as more data: adversarially augmented, not robust")
    if described.is_robust:
        budget = strength(str(described.training_norm), described.training_eps)
        return say("robust: against a search within {budget}", budget=budget)
    if described.family == zoo.ROBUST:
        return say("standard: without an attacker, by the recipe of the robust ones")
    return say("standard: without an attacker")


def line(described: ModelRecord) -> str:
    """Say a model in one line, for a list in which people choose."""
    symbol = ROW[described.is_robust][0]
    clean = described.published.get("clean")
    accuracy = say(" · {clean} clean", clean=percent(clean["value"])) if clean else ""
    return f"{symbol} {title_of(described)}{accuracy}"


def rung_line(described: ModelRecord) -> str:
    """Say a rung of a published ladder in one line: its architecture is known."""
    budget = say("standard")
    if described.is_robust:
        budget = strength(str(described.training_norm), described.training_eps)
    clean = percent(described.published["clean"]["value"])
    symbol = ROW[described.is_robust][0]
    return say("{symbol} {budget} · {clean} clean", symbol=symbol, budget=budget, clean=clean)


def where(described: ModelRecord) -> str:
    """Say whether a model is on this machine, and how many bytes it takes or would take."""
    if isinstance(described.weights_origin, UploadedFile):
        return say("in this server's memory, for a while")
    if shelf.is_on_disk(described):
        taken = sizes.size_on_disk(described)
        return say("on this machine") + (f", {size(taken)}" if taken else "")
    if not isinstance(described.weights_origin, FETCHED):
        return say("its file is gone")
    wanted = sizes.download_size(described)
    return say("not on this machine") + (
        say("; a download of about {size}", size=size(wanted)) if wanted else ""
    )


def digest(described: ModelRecord) -> str:
    """Return the sha256 by which a model's weights are known, or say that it is not known yet."""
    published = getattr(described.weights_origin, "sha256", None)
    try:
        return str(published or shelf.digest(described))
    except WeightsError:
        if isinstance(described.weights_origin, TorchvisionWeights):
            return say(
                "{sha256_prefix}…, then {first_use}",
                sha256_prefix=described.weights_origin.sha256_prefix,
                first_use=say(FIRST_USE),
            )
        return say(FIRST_USE)


def card(described: ModelRecord) -> str:
    """Draw all that is known of a model, but for what it takes to have it."""
    symbol, _ = ROW[described.is_robust]
    rows: list[tuple[str, str]] = [
        (say("Architecture"), described.architecture),
        (say("Trained"), trained(described)),
        (say("Sees"), say("{size} × {size} pixels", size=described.input_size)),
        (say("Knows"), _classes(described)),
        (say("Licence"), described.licence),
        (say("Source"), _source(described)),
        (say("To cite"), described.citation or say("nothing given")),
        (say("sha256"), digest(described)),
        (say("Published"), "; ".join(published(described.published)) or say("nothing")),
        (say("Measured here"), "; ".join(measured(described.accuracies)) or say("nothing yet")),
    ]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{rich(value)}</dd>" for name, value in rows)
    return show(
        f'<div class="av-card {accent(described)}"><div class="av-strip">'
        f'<span class="av-name"><span class="av-mark">{symbol}</span> '
        f"{escape(title_of(described))}</span>"
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
        told.append(
            say(
                "**{share}** clean (n = {n})",
                share=_share(largest["clean_accuracy"]),
                n=largest["n"],
            )
        )
    for of in accuracies.values():
        attack = of["attack"]
        searches = say("1 search")
        if attack["restarts"] > 1:
            searches = say("{restarts} searches", restarts=attack["restarts"])
        told.append(
            say(
                "**{share}** under PGD-{steps} with {searches}, {strength} (n = {n})",
                share=_share(of["robust_accuracy"]),
                steps=attack["steps"],
                searches=searches,
                strength=strength(attack["norm"], attack["eps"]),
                n=of["n"],
            )
        )
    return told


def _share(of: Mapping[str, float]) -> str:
    return say(
        "{value:.1f}% ({low:.1f} to {high:.1f})",
        value=100 * of["value"],
        low=100 * of["low"],
        high=100 * of["high"],
    )


def _named(name: str) -> str:
    return say("clean") if name == "clean" else say("under {name}", name=name)


def _classes(described: ModelRecord) -> str:
    shown = term(", ").join(map(term, described.classes[:14]))
    more = ", …" if len(described.classes) > 14 else ""
    return say("{n} classes: {shown}{more}", n=len(described.classes), shown=shown, more=more)


def _source(described: ModelRecord) -> str:
    origin = described.weights_origin
    if isinstance(origin, HubCheckpoint) and origin.repository not in described.source:
        return f"{quote(described.source)}; {origin.repository}/{origin.file}"
    return quote(described.source)
