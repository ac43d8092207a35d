"""The lab "Train a robust model": the same network, trained normally and against an attacker.

Both begin with the same weights and see the same images in the same batches; they differ in the
attack alone. After every epoch both are judged on held-out images by a search that is longer than
the one that the second is trained with; at the end, on images that nobody looked at before, by
attacks that it was not trained with.
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from advviz.attacks.parameters import PGD
from advviz.labs.adversarial_training import (
    Learner,
    Regime,
    TrainingAttack,
    epoch_of,
    hardest,
    told,
)
from advviz.labs.collapse import collapse
from advviz.labs.judging import ROWS, Judge, moved, right, survivors
from advviz.labs.labelled import Labelled, Parts
from advviz.labs.turns import Work, in_turns
from advviz.protocol import Call, Procedure, Progress
from advviz.threat_models import threat_model
from advviz.training.adversarial import BatchStream

PARTNERS = ("standard", "robust")
WATCHED = 256  # held-out images on which the curves are measured
SAMPLES = 6  # images whose input gradients are kept
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Radii of the comparison at the end, in units of the judged one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What is trained, and how it is judged.

    Args:
        make: gives the network with its first weights, the same at every call.
        attack: that the second network is trained with.
        regime: what both have in common.
        judge: of the curves and of the verdict.
    """

    make: Callable[[], nn.Module]
    attack: TrainingAttack
    regime: Regime
    judge: Judge

    def passes(self) -> int:
        """Count what progress counts: epochs, then attacks of the verdict and of the radii."""
        return self.regime.epochs + 2 * (len(self.judge.panel()) + len(STRENGTHS))


@dataclass(slots=True, eq=False)
class Notes:
    """What is written down while the networks learn."""

    samples: Labelled
    curves: dict[str, list[list[float]]] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)  # of the pictures
    weights: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor] = field(default_factory=list)

    def add(self, name: str, values: list[float]) -> None:
        """Write down a number for each network."""
        self.curves.setdefault(name, []).append(values)

    def picture(self, epoch: int, networks: list[nn.Module], _module: object = None) -> None:
        """Write down weights and input gradients; of the epochs before, a few are kept."""
        if self.epochs and not _is_kept(self.epochs[-1]):
            for kept in (self.epochs, self.weights, self.gradients):
                kept.pop()
        self.epochs.append(epoch)
        self.weights.append(torch.stack([_first_weights(n, self.samples) for n in networks]).cpu())
        self.gradients.append(torch.stack([_gradients(n, self.samples) for n in networks]).cpu())

    def arrays(self) -> dict[str, Tensor]:
        """Return what is known so far, the networks on the last axis of curves, as [2, ...]."""
        return {
            **{name: torch.tensor(values).T for name, values in self.curves.items()},
            "samples": self.samples.images.cpu(),
            "sample_labels": self.samples.labels.cpu(),
            "pictured_epochs": torch.tensor(self.epochs),
            "weights": torch.stack(self.weights),
            "gradients": torch.stack(self.gradients),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a run of the lab leaves.

    Args:
        arrays: curves [2, epochs + 1], pictures, the radii, and both networks' weights, each
            under the network's name and a dot.
        facts: counts, the verdict, and where training collapsed.
    """

    arrays: dict[str, Tensor]
    facts: dict[str, Any]


def training_lab(lab: Lab, parts: Parts) -> Procedure[Trained]:
    """Train two networks side by side, watch them, and judge them.

    Args:
        lab: what is trained and how.
        parts: the images.

    Returns:
        Everything that the page shows; standard comes first, robust second.
    """
    learners = (Learner(lab.make()), Learner(lab.make(), lab.attack))
    notes = Notes(parts.validation.one_of_each(SAMPLES))
    watched = parts.validation.first(WATCHED)
    for epoch in range(lab.regime.epochs + 1):
        words = f"epoch {epoch} of {lab.regime.epochs}" if epoch else "before training"
        progress = Progress(words, epoch, lab.passes())
        if epoch:
            train = parts.train
            work = epoch_of(learners, train.images, train.labels, lab.regime, epoch - 1, progress)
            notes.add("loss", (yield from in_turns(work)))
        networks = [copy.deepcopy(learner.network) for learner in learners]
        yield from _watch(lab, networks, watched, notes, progress)
        yield Call(partial(notes.picture, epoch, networks), progress)
        yield Call(lambda _: None, replace(progress, partial=notes.arrays()))
    networks = [learner.network for learner in learners]
    facts: dict[str, Any] = {"watched": len(watched.labels), "trained_on": len(parts.train.labels)}
    curves = {name: list(zip(*values, strict=True)) for name, values in notes.curves.items()}
    fell = collapse(curves["judged"][1], curves["own"][1])
    facts |= {"collapse": None if fell is None else asdict(fell)}
    verdict = yield from _verdict(lab, networks, parts.test)
    radii = yield from _radii(lab, networks, parts.test)
    weights = {
        f"{name}.{key}": value.cpu()
        for name, network in zip(PARTNERS, networks, strict=True)
        for key, value in network.state_dict().items()
    }
    return Trained(notes.arrays() | radii | weights, facts | verdict)


def _watch(
    lab: Lab, networks: list[nn.Module], watched: Labelled, notes: Notes, progress: Progress
) -> Procedure[None]:
    """Measure one point of every curve: clean, under the training attack, under the judge."""
    images, labels = watched.images, watched.labels
    found: dict[str, list[float]] = {"clean": [], "own": [], "judged": []}
    for network in networks:
        own = yield from in_turns(_own(network, watched, lab, progress))
        search = PGD(steps=lab.judge.steps, random_start=True)
        judged = yield from survivors(network, images, labels, lab.judge, "pgd", search, progress)
        clean = yield from in_turns(right(network, images, labels, progress))
        found["clean"].append(_share(clean))
        found["own"].append(own)
        found["judged"].append(_share(judged))
    for name, values in found.items():
        notes.add(name, values)


def _own(network: nn.Module, watched: Labelled, lab: Lab, progress: Progress) -> Work[float]:
    """Attack as the training does."""
    source, found = torch.Generator().manual_seed(lab.judge.seed), []
    for images, labels in zip(
        torch.split(watched.images, ROWS), torch.split(watched.labels, ROWS), strict=True
    ):
        search = hardest(network, images, labels, lab.attack, BatchStream(images, source))
        attacked = yield from told(search, progress)
        found.append((yield from right(network, attacked, labels, progress)))
    return _share(torch.cat(found))


def _verdict(lab: Lab, networks: list[nn.Module], test: Labelled) -> Procedure[dict[str, Any]]:
    """Judge both by every attack of the panel; an image survives if it survives all."""
    done = lab.regime.epochs
    found: dict[str, Any] = {"n": len(test.labels), "clean": [], "robust": []}
    found["attacks"] = {name: [] for name in lab.judge.panel()}
    for partner, network in zip(PARTNERS, networks, strict=True):
        progress = Progress(f"the verdict: the {partner} network", done, lab.passes())
        clean = yield from in_turns(right(network, test.images, test.labels, progress))
        found["clean"].append(int(clean.sum()))
        alive = torch.ones_like(test.labels, dtype=torch.bool)
        for name, params in lab.judge.panel().items():
            progress = Progress(f"the verdict: {name} on the {partner} network", done, lab.passes())
            survived = yield from survivors(
                copy.deepcopy(network), test.images, test.labels, lab.judge, name, params, progress
            )
            found["attacks"][name].append(int(survived.sum()))
            alive, done = alive & survived, done + 1
        found["robust"].append(int(alive.sum()))
    return found


def _radii(lab: Lab, networks: list[nn.Module], test: Labelled) -> Procedure[dict[str, Tensor]]:
    """Attack with several radii, and measure what is left and how far answers move."""
    tried = test.first(WATCHED // 2)
    threat = lab.judge.threat
    radii = [share * threat.eps for share in STRENGTHS]
    done = lab.passes() - 2 * len(radii)
    found: dict[str, list[list[float]]] = {}
    for partner, network in zip(PARTNERS, networks, strict=True):
        rows = []
        for radius in radii:
            progress = Progress(f"radii: the {partner} network", done, lab.passes())
            judge = replace(lab.judge, threat=threat_model(threat.norm, radius))
            rows.append((yield from moved(copy.deepcopy(network), *_both(tried), judge, progress)))
            done += 1
        for name in ("right", "answers", "at_random", "distance"):
            found.setdefault(name, []).append([float(getattr(row, name)) for row in rows])
    return {
        "radii": torch.tensor(radii, dtype=torch.float64),
        "radii_n": torch.tensor(len(tried.labels)),
        **{f"radii_{name}": torch.tensor(values) for name, values in found.items()},
    }


def _both(labelled: Labelled) -> tuple[Tensor, Tensor]:
    return labelled.images, labelled.labels


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _is_kept(epoch: int) -> bool:
    """Keep the pictures of epochs 0, 1, 2, 4, 8, ...: much changes at first."""
    return epoch & (epoch - 1) == 0


def _first_weights(network: nn.Module, samples: Labelled) -> Tensor:
    """Return the weights of the first layer as pictures [F, C, H, W].

    Of a linear model that is one picture a class, of a convolution one a filter.
    """
    weights = next(iter(network.parameters())).detach()
    return weights if weights.ndim == 4 else weights.view(len(weights), *samples.images.shape[1:])


def _gradients(network: nn.Module, samples: Labelled) -> Tensor:
    """Return the gradient of the loss by each pixel of the samples."""
    images = samples.images.clone().requires_grad_(True)
    with torch.enable_grad():
        loss = functional.cross_entropy(network(images), samples.labels, reduction="sum")
        (gradients,) = torch.autograd.grad(loss, images)
    return gradients
