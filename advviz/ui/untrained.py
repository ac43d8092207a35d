"""The control of the Saliency page: the same maps of networks that have learned nothing.

Reference: Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, arXiv:1810.03292.
"""

from collections.abc import Mapping
from dataclasses import replace

from advviz import pictures
from advviz.experiments.specs import ExplainSpec
from advviz.models.model_record import RegisteredModule
from advviz.models.randomized import MARK, random_copy
from advviz.models.records import record
from advviz.ui.figures import rich, show
from advviz.ui.language import say
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, Array


def copies(setup: Setup) -> dict[str, list[str]]:
    """The copies with random weights that stand beside, each with the models it is a copy of.

    Two models of one architecture have one copy. A module that somebody registered has none:
    how its weights are drawn is not known.
    """
    if not setup.view.untrained:
        return {}
    found: dict[str, list[str]] = {}
    by_weights: dict[str, str] = {}
    for model in setup.models:
        if MARK in model or isinstance(record(model).weights_origin, RegisteredModule):
            continue
        copy = random_copy(model)
        found.setdefault(by_weights.setdefault(record(copy).sha256 or copy, copy), []).append(model)
    return found


def wanted(
    trained: Mapping[tuple[str, str], ExplainSpec], copy: str
) -> dict[tuple[str, str], ExplainSpec]:
    """A copy's maps of the very pictures that its trained model is asked about.

    Args:
        trained: the maps of a model that it is a copy of, by picture and method.
        copy: the id of the copy.
    """
    return {key: replace(spec, model=copy) for key, spec in trained.items()}


def alike(own: Array, trained: Mapping[str, Array | None]) -> str:
    """Say how alike a copy's map is to a trained model's map of the same picture.

    Args:
        own: [C, H, W], the map of the copy.
        trained: by the trained model, its map; None where it is not known yet.
    """
    pairs = [
        f"{ROW[record(model).is_robust][0]} {pictures.rank_correlation(own, array):.2f}"
        for model, array in trained.items()
        if array is not None
    ]
    pairs = [pair.replace("-", "−") for pair in pairs]
    return say("like {pairs}", pairs=" · ".join(pairs)) if pairs else ""


def note() -> str:
    """What a row of random weights is, what to notice, what it cannot tell."""
    told = say(
        "**Random weights**: the same architecture before any training, shown the pictures of the "
        "row above that it is a copy of. “Like” is the rank correlation with a trained network's "
        "map of the same picture: 1 would be the same order of pixels. A map that stays when all "
        "weights are thrown away cannot show what was learned; one that changes is not yet "
        "proved right."
    )
    return show(f'<p class="av-quiet av-below">{rich(told)}</p>')
