"""Clean and robust accuracy of one model under one PGD attack, in this process and kept nowhere.

`runner` measures many models and attacks, and keeps what it measures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advviz.attacks.pgd import PGDParams, pgd
from advviz.compute.store import ModelStore
from advviz.data.folders import labelled_files, read_pixels
from advviz.evaluation.sampling import sampled
from advviz.evaluation.setup import EvaluationSetup
from advviz.evaluation.wilson import Share
from advviz.evaluation.work import ROWS
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import away_from
from advviz.protocol import Answer, Procedure, Query, Respondent, run
from advviz.threat_models import threat_model

Report = Callable[[int, int], None]
"""Called with images done and images in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured.

    Args:
        setup: of the measurement.
        clean: images that are right as they are.
        robust: images that are right, and that the attack did not change to wrong.
        skipped: folders that belong to no class of the model.
    """

    setup: EvaluationSetup
    clean: Share
    robust: Share
    skipped: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "model": self.setup.model,
            "n": self.clean.n,
            "clean_accuracy": self.clean.as_dict(),
            "robust_accuracy": self.robust.as_dict(),
            "attack": self.setup.attack_in_full(),
            "skipped": list(self.skipped),
        }


def evaluate(
    setup: EvaluationSetup,
    folder: Path,
    *,
    limit: int | None = None,
    report: Report | None = None,
) -> Evaluation:
    """Measure a bundled model on an ImageFolder.

    Args:
        setup: model and attack.
        folder: one folder a class, named by class or WordNet id.
        limit: size of a seeded sample, equal per folder; None for all images.
        report: receives progress.

    Raises:
        InvalidInputError: no such folder, none of a known class, or a file that is no image.
    """
    described = record(setup.model)
    files = labelled_files(folder, described.classes, described.wordnet_ids)
    rows = sampled(files.groups, limit, setup.seed)
    for row in rows:
        read_pixels(files.paths[row], described.input_size)  # said now, not after hours of attacks
    classifier = ModelStore().classifier(setup.model, setup.numerics)
    clean = robust = 0
    for first in range(0, len(rows), ROWS):
        chosen = rows[first : first + ROWS]
        images = _read([files.paths[row] for row in chosen], described.input_size)
        labels = torch.tensor([files.labels[row] for row in chosen])
        right, survived = evaluate_images(classifier, images, labels, setup)
        clean, robust = clean + int(right.sum()), robust + int(survived.sum())
        if report is not None:
            report(first + len(chosen), len(rows))
    shares = {"clean": Share(clean, len(rows)), "robust": Share(robust, len(rows))}
    return Evaluation(setup=setup, skipped=files.skipped, **shares)


def _read(paths: Sequence[Path], size: int) -> Tensor:
    pixels = np.stack([read_pixels(path, size) for path in paths])
    return torch.from_numpy(pixels).float() / 255


def evaluate_images(
    classifier: Respondent, images: Tensor, labels: Tensor, setup: EvaluationSetup
) -> tuple[Tensor, Tensor]:
    """Say of each image whether it is right [N], and whether it survives the attack [N]."""
    return run(survival(images, labels, setup), classifier)


def survival(
    images: Tensor, labels: Tensor, setup: EvaluationSetup
) -> Procedure[tuple[Tensor, Tensor]]:
    """Attack what is right; what is wrong already counts as not robust.

    A row is left alone once it is fooled. That does not change what is decided: a row that
    the attack never fools is searched to the end either way, and one that it fools counts
    only where the unmodified classifier confirms it on the very image returned. Where that
    fails, which only rounding can cause, the row is attacked again without stopping.

    Args:
        images: [N, C, H, W] in [0, 1].
        labels: true classes, int64 [N].
        setup: the attack.

    Returns:
        Right as they are [N]; right and not fooled [N].
    """
    answer: Answer = yield Query(images, gradient=False, exact=True)
    right = answer.logits.argmax(1) == labels
    survived = right.clone()
    rows = right.nonzero().flatten()
    if not len(rows):
        return right, survived
    params = PGDParams(
        step_size=setup.resolved_step_size,
        steps=setup.steps,
        random_start=setup.random_start,
        restarts=setup.restarts,
        early_stop=True,
    )
    fooled, doubtful = yield from _fooled(images[rows], labels[rows], setup, params)
    survived[rows[fooled]] = False
    again = rows[doubtful]
    if len(again):
        patient = replace(params, early_stop=False)
        fooled, _ = yield from _fooled(images[again], labels[again], setup, patient)
        survived[again[fooled]] = False
    return right, survived


def _fooled(
    images: Tensor, labels: Tensor, setup: EvaluationSetup, params: PGDParams
) -> Procedure[tuple[Tensor, Tensor]]:
    """Attack; return which rows are fooled, and which were so only during the search."""
    threat, noise = threat_model(setup.norm, setup.eps), Noise(setup.seed)
    found = yield from pgd(images, away_from(labels), threat, params, noise=noise)
    during = found.success if found.history is None else found.history.first_success() >= 0
    return found.success, during & ~found.success
