"""Targeted Auto-PGD: the class to leave is left towards the likeliest other classes in turn."""

import torch
from torch import Tensor

from advviz.attacks.apgd import NORMS, Search
from advviz.attacks.best import Best, check_pixels
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.parameters import TargetedAPGD, refuse_norm
from advviz.attacks.result import AttackResult, verified
from advviz.noise import Noise
from advviz.objectives import TargetedDLR
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import ThreatModel


def apgd_targeted(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: TargetedAPGD,
    *,
    noise: Noise,
    early_stop: bool = False,
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Run Auto-PGD on the targeted difference-of-logits ratio, towards one class at a time.

    Ending in any other class is a success. Where the goal is a class to reach, that is the one
    target, and the class to leave is the likeliest other one of the image itself.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: the ball, L2 or L-inf.
        params: steps, restarts and targets; of K classes, at most K − 1 are targets.
        noise: the only source of randomness, one stream an image.
        early_stop: leave a row alone once it has reached its goal.
        record: what to keep of every step.

    Returns:
        The best iterate of each row: by success, then by margin. Its history is that of the
        search it is from; of a row that no search made better, the image's own answer.

    Raises:
        InvalidInputError: pixels outside [0, 1], or fewer than four classes.

    Reference: Croce & Hein, ICML 2020, section 5, arXiv:2003.01690.
    """
    check_pixels(images)
    refuse_norm("apgd-t", threat.norm, NORMS)
    best, final = Best.of(images), goal.objective("margin")
    clean: Answer = yield Query(images, final, gradient=False, exact=True)
    margins = final.margins(clean.logits)
    best.offer(best.images, margins)
    recorder = Recorder(images, threat, params.steps + 1, record)
    recorder.keep(0, torch.arange(len(images), device=images.device), images, clean, margins)
    best.history = recorder.history()  # of all rows: an early stop may search only some of them
    ranked = _others_ranked(clean.logits, goal.labels)
    count = 1 if goal.targeted else min(params.targets, ranked.shape[1])
    for number in range(count * params.restarts):
        rows = best.rows_to_attack(early_stop)
        if not len(rows):
            break
        rank, stream = number // params.restarts, noise.streams(images[rows], number)
        leave, reach = goal.labels, ranked[:, rank]
        if goal.targeted:
            leave, reach = reach, leave
        objective = TargetedDLR(final, leave, reach).select(rows)
        search = Search(images[rows], objective, threat, params.steps, record)
        stage = f"attack, target {rank + 1} of {count}"
        best.merge(rows, (yield from search.ascend(stream, stage, early_stop=early_stop)))
    return (yield from verified(images, best.images, final, best.history, best.zero_steps))


def _others_ranked(logits: Tensor, labels: Tensor) -> Tensor:
    """Return all classes [N, K − 1] but the label, the likeliest first."""
    own = torch.nn.functional.one_hot(labels, logits.shape[1]).bool()
    ranked = logits.masked_fill(own, -torch.inf).argsort(dim=1, descending=True, stable=True)
    return ranked[:, :-1]
