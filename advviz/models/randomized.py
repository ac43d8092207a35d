"""Copies of a model that never learned anything: the control of a saliency map.

`tiny14-standard@random-0` is the network of tiny14-standard with the weights that its builder
draws, from seed 0. `tiny14-standard@random-0-from-layer3` has those from `layer3` up to the
logits, and the trained ones before: a step of the cascade that ends in the other. A map that
looks the same on such a copy does not show what was learned.

Reference: Adebayo et al., NeurIPS 2018, arXiv:1810.03292.
"""

import hashlib
from dataclasses import replace

from advviz.errors import UnknownNameError
from advviz.models.model_record import ModelRecord, RandomWeights, RegisteredModule
from advviz.models.shelf import digest

MARK, FROM = "@random-", "-from-"
SEEDS = 1000


def random_copy(model: str, seed: int = 0, layer: str = "") -> str:
    """Name the copy of a model with random weights; of a copy, another copy of the same model.

    Args:
        model: id.
        seed: of the weights, 0 to 999.
        layer: from which on weights are random; empty: all of them.
    """
    return f"{model.partition(MARK)[0]}{MARK}{seed}" + (f"{FROM}{layer}" if layer else "")


def cascade(trained: ModelRecord, seed: int = 0) -> tuple[str, ...]:
    """Name the copies in which ever more weights are random, the topmost layers first.

    The stages are the named layers of the architecture; the last copy is random throughout, and
    the only one of an architecture whose layers have no names here.
    """
    top, *below = trained.layers or ("",)
    named = [name for name in (top, *reversed(below)) if name]
    return tuple(random_copy(trained.id, seed, layer) for layer in (*named, ""))


def randomized(trained: ModelRecord, words: str) -> ModelRecord:
    """Describe the copy of a model with random weights.

    Args:
        trained: the model whose architecture, classes and normalization it has.
        words: the seed of the initial weights, as the name writes it: 0 to 999; and from which
            layer on weights are random, if some are not.

    Raises:
        UnknownNameError: the seed is no such number, the layer has no such name, or the model is
            such a copy itself.
        WeightsError: a part of the trained weights is wanted, and they are not on this machine.
    """
    seed, partial, layer = words.partition(FROM)
    if not (seed.isascii() and seed.isdecimal() and int(seed) < SEEDS and seed == str(int(seed))):
        raise UnknownNameError(
            f"a copy with random weights is called MODEL{MARK}SEED with a seed from 0 to "
            f"{SEEDS - 1}, got the seed {seed[:20]!r}"
        )
    if partial and layer not in trained.layers:
        known = ", ".join(trained.layers) or "none"
        raise UnknownNameError(
            f"weights of {trained.id} can be random from one of its named layers on: {known}; "
            f"got {layer[:40]!r}"
        )
    where = f" from {layer} on" if layer else ""
    return replace(
        trained,
        id=random_copy(trained.id, int(seed), layer),
        title=f"{trained.title}, random weights{where} (seed {seed})",
        source=_source(trained, seed, layer),
        citation="",
        origin=RandomWeights(seed=int(seed), trained=trained.id, layer=layer),
        sha256=_digest(trained, int(seed), layer),
        file="",
        training_norm=None,
        training_eps=0.0,
        augmented=False,
        recipe={},
        command="",
        accuracies={},
        published={},
    )


def _source(trained: ModelRecord, seed: str, layer: str) -> str:
    initial = f"the initial weights of {trained.architecture}, seed {seed}"
    if layer:
        return f"{initial}, from {layer} up to the logits; before it, those of {trained.id}"
    return f"never trained: {initial}"


def _digest(trained: ModelRecord, seed: int, layer: str) -> str:
    """Digest what the weights are drawn from; which torch draws them is in a result's key."""
    shape = (trained.architecture, len(trained.classes), trained.input_size)
    words = f"{shape}|{trained.mean}|{trained.std}|random weights|{seed}"
    if layer or isinstance(trained.weights_origin, RegisteredModule):
        # Some weights are the trained ones, or drawn in the place of them.
        words += f"|from {layer}|{digest(trained)}"
    return hashlib.sha256(words.encode()).hexdigest()
