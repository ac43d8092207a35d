"""Copies of a model that never learned anything: the control of a saliency map.

`tiny14-standard@random-0` is the network of tiny14-standard with the weights that its builder
draws, from seed 0. A map that looks the same on it does not show what was learned.

Reference: Adebayo et al., NeurIPS 2018, arXiv:1810.03292.
"""

import hashlib
from dataclasses import replace

from advviz.errors import UnknownNameError
from advviz.models.model_record import ModelRecord, RandomWeights

MARK = "@random-"
SEEDS = 1000


def random_copy(model: str, seed: int = 0) -> str:
    """Name the copy of a model with random weights."""
    return f"{model}{MARK}{seed}"


def randomized(trained: ModelRecord, seed: str) -> ModelRecord:
    """Describe the copy of a model with random weights.

    Args:
        trained: the model whose architecture, classes and normalization it has.
        seed: of the initial weights, as the name writes it: 0 to 999.

    Raises:
        UnknownNameError: the seed is no such number, or the model is such a copy itself.
    """
    if not (seed.isascii() and seed.isdecimal() and int(seed) < SEEDS and seed == str(int(seed))):
        raise UnknownNameError(
            f"a copy with random weights is called MODEL{MARK}SEED with a seed from 0 to "
            f"{SEEDS - 1}, got the seed {seed[:20]!r}"
        )
    name = random_copy(trained.id, int(seed))
    return replace(
        trained,
        id=name,
        title=f"{trained.title}, random weights (seed {seed})",
        source=f"never trained: the initial weights of {trained.architecture}, seed {seed}",
        citation="",
        origin=RandomWeights(seed=int(seed)),
        sha256=_digest(trained, int(seed)),
        file="",
        training_norm=None,
        training_eps=0.0,
        augmented=False,
        recipe={},
        command="",
        accuracies={},
        published={},
    )


def _digest(trained: ModelRecord, seed: int) -> str:
    """Digest what the weights are drawn from; which torch draws them is in a result's key."""
    shape = (trained.architecture, len(trained.classes), trained.input_size)
    words = f"{shape}|{trained.mean}|{trained.std}|random weights|{seed}"
    return hashlib.sha256(words.encode()).hexdigest()
