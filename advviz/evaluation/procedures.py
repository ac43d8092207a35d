"""What the pieces of an evaluation ask of a network: attacks on blocks, and what flags need."""

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advviz.attacks.catalogue import Attack, Goal, attack_named
from advviz.attacks.result import AttackResult
from advviz.data import images as pictures
from advviz.errors import InvalidInputError
from advviz.evaluation.chunks import AttackChunk, Block, ProbeChunk
from advviz.evaluation.plan import GREY_LEVEL
from advviz.evaluation.sources import read
from advviz.experiments.protocol import FAST
from advviz.experiments.result import Result
from advviz.noise import Noise
from advviz.objectives import away_from
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import L2Ball, LinfBall, ThreatModel, threat_model

Steps = Generator[Any, Any, Result]


def loaded(block: Block, device: str) -> Tensor:
    """Read the images of a block [N, 3, S, S].

    Raises:
        InvalidInputError: one is gone, or has changed since it was listed.
    """
    found = []
    for name, digest in zip(block.names, block.digests, strict=True):
        pixels = read(block.source, name, block.size)
        if pictures.digest(pixels) != digest:
            raise InvalidInputError(
                f"{name} has changed while {block.source} was being measured; start again"
            )
        found.append(pixels)
    return torch.from_numpy(np.stack(found)).to(device)


def attack_chunk(chunk: AttackChunk, device: str) -> Steps:
    """Attack a block; of each image, the decisions and distances are kept, not the pixels."""
    images = loaded(chunk.block, device)
    labels = torch.tensor(chunk.labels, device=device)
    clean: Answer = yield Query(images, gradient=False, exact=True)
    right = clean.logits.argmax(1) == labels
    count = len(images)
    kept = {
        "clean_logits": clean.logits.clone(),
        "logits": clean.logits.clone(),
        "right": right,
        "fooled": torch.zeros_like(right),
        "fooled_eight_bit": torch.zeros_like(right),
        "distance": torch.full((count,), torch.nan, dtype=torch.float64, device=device),
        "l2": torch.zeros(count, dtype=torch.float64, device=device),
        "linf": torch.zeros(count, dtype=torch.float64, device=device),
        "zero_gradient_steps": torch.zeros(count, dtype=torch.long, device=device),
        "queries": torch.full((count,), -1, dtype=torch.long, device=device),
    }
    if chunk.full:
        kept["adversarial"] = images.clone()
    rows = right.nonzero().flatten()
    if len(rows):
        search = _Search(chunk, chunk.numerics == FAST)
        found, again = yield from search.attack(images[rows], labels[rows], not chunk.full)
        search.keep(kept, rows, images, labels, found)
        if len(again):  # where the fast copy alone was fooled, or may have been
            rows = rows[again]
            found, _ = yield from search.attack(images[rows], labels[rows], False)
            search.keep(kept, rows, images, labels, found)
    return Result.of({name: value.cpu() for name, value in kept.items()}, {})


class _Search:
    """An attack on rows that are right, away from their classes."""

    def __init__(self, chunk: AttackChunk, doubt: bool) -> None:
        self._attack: Attack = attack_named(chunk.attack)
        self._threat: ThreatModel = threat_model(chunk.norm, chunk.eps)
        self._params, self._seed, self._doubt = chunk.params, chunk.seed, doubt

    def attack(
        self, images: Tensor, labels: Tensor, early_stop: bool
    ) -> Procedure[tuple[AttackResult, Tensor]]:
        """Attack; return what was found, and the rows that stopped without being fooled."""
        goal = Goal(labels=labels)
        found: AttackResult = yield from self._attack.make(
            images,
            goal,
            self._threat,
            self._params,
            noise=Noise(self._seed),
            early_stop=early_stop,
            record="nothing" if self._attack.minimal else "curves",
        )
        held = ~found.success
        if not early_stop or self._attack.minimal:
            held &= False
        elif found.history is not None:
            held &= found.history.first_success() >= 0
        elif not self._doubt:  # who searched is who judges: nothing stopped too early
            held &= False
        return found, held.nonzero().flatten()

    def keep(
        self,
        kept: dict[str, Tensor],
        rows: Tensor,
        images: Tensor,
        labels: Tensor,
        found: AttackResult,
    ) -> None:
        """Write down what was found of some rows."""
        reached = found.images
        kept["logits"][rows] = found.logits.to(kept["logits"])
        kept["fooled"][rows] = found.success
        eight_bit = found.eight_bit_logits.argmax(1) != labels[rows]
        kept["fooled_eight_bit"][rows] = eight_bit
        kept["distance"][rows] = self._threat.distance(images[rows], reached)
        kept["l2"][rows] = L2Ball(0).distance(images[rows], reached)
        kept["linf"][rows] = LinfBall(0).distance(images[rows], reached)
        kept["zero_gradient_steps"][rows] = found.zero_gradient_steps.to(rows)
        queries = getattr(found, "queries", None)
        if queries is not None:
            kept["queries"][rows] = queries.to(rows)
        if "adversarial" in kept:
            kept["adversarial"][rows] = reached


def probe_chunk(chunk: ProbeChunk, device: str) -> Steps:
    """Ask twice, ask for the gradient, and ask about plain grey."""
    images = loaded(chunk.block, device)
    labels = torch.tensor(chunk.labels, device=device)
    once: Answer = yield Query(images, gradient=False, exact=True)
    twice: Answer = yield Query(images.clone(), gradient=False, exact=True)
    steep: Answer = yield Query(images, away_from(labels), exact=True)
    grey: Answer = yield Query(torch.full_like(images[:1], GREY_LEVEL), gradient=False, exact=True)
    arrays = {
        "logits": once.logits,
        "right": once.logits.argmax(1) == labels,
        "differs_by": (once.logits - twice.logits).abs().amax(1),
        "zero_gradient": steep.gradients.nan_to_num(nan=0.0).flatten(1).abs().amax(1) == 0,
        "grey": grey.logits[0],
    }
    return Result.of({name: value.cpu() for name, value in arrays.items()}, {})


def transfer_chunk(made: Result, device: str) -> Steps:
    """Ask about images that were made on another model."""
    images = torch.from_numpy(made.arrays["adversarial"].copy()).to(device)
    answer: Answer = yield Query(images, gradient=False, exact=True)
    return Result.of({"logits": answer.logits.cpu()}, {})
