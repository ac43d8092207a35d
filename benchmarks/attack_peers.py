"""The catalogue's attacks against the same attacks of other libraries, on a shipped model.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.attack_peers --images tiny-imagenet/val --model tiny14-robust-l2

PGD and C&W beside Foolbox's, APGD-CE and Square beside ART's: the same images, budget and
number of steps, untargeted, one search from the image or from one random point. Both are judged
alike: an image counts as held unless the unmodified network, asked in full precision, takes the
very image returned for another class, and that image is within eps, measured in float64 (other
libraries may exceed it by one part in 1e5). Only images that are right without an attack count.

What is given is the robust accuracy under each, and the mean of the paired differences of ours
to theirs with its 95% interval; below 0 ours is the stronger attack. It keeps a section of
benchmarks/RESULTS.md for each model.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from advviz.attacks.catalogue import Goal, attacks
from advviz.data.folders import labelled_files, read_pixels
from advviz.evaluation.sampling import sampled
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import record
from advviz.noise import Noise
from advviz.protocol import run
from advviz.threat_models import threat_model
from benchmarks import report

ALLOWANCE = 1 + 1e-5
Peer = Callable[["Task", dict[str, Any]], Tensor]


@dataclass(frozen=True)
class Task:
    """Some images to attack.

    Args:
        module: frozen, in evaluation mode, pixels in [0, 1] to logits.
        images: [N, C, H, W].
        labels: int64 [N].
        norm: "l2" or "linf".
        eps: radius.
    """

    module: nn.Module
    images: Tensor
    labels: Tensor
    norm: str
    eps: float


def foolbox_pgd(task: Task, words: dict[str, Any]) -> Tensor:
    """Use Foolbox's PGD with our step size, from the image."""
    import foolbox

    kind = {"l2": foolbox.attacks.L2PGD, "linf": foolbox.attacks.LinfPGD}[task.norm]
    steps = words["steps"]
    attack = kind(abs_stepsize=2.5 * task.eps / steps, steps=steps, random_start=False)
    return _by_foolbox(attack, task, task.eps)


def foolbox_cw(task: Task, words: dict[str, Any]) -> Tensor:
    """Use Foolbox's C&W, with as many searches and steps."""
    import foolbox

    attack = foolbox.attacks.L2CarliniWagnerAttack(
        binary_search_steps=words["searches"],
        steps=words["steps"],
        stepsize=words["learning_rate"],
        initial_const=words["constant"],
        abort_early=False,
    )
    return _by_foolbox(attack, task, None)


def _by_foolbox(attack: Any, task: Task, eps: float | None) -> Tensor:
    import foolbox

    model = foolbox.PyTorchModel(task.module, bounds=(0, 1), device="cpu")
    criterion = foolbox.criteria.Misclassification(task.labels)
    found: Tensor = attack(model, task.images, criterion, epsilons=eps)[0]
    return found.detach()


def art_apgd(task: Task, words: dict[str, Any]) -> Tensor:
    """Use ART's Auto-PGD on the cross-entropy."""
    from art.attacks.evasion import AutoProjectedGradientDescent

    attack = AutoProjectedGradientDescent(
        _art(task),
        norm={"l2": 2, "linf": np.inf}[task.norm],
        eps=task.eps,
        eps_step=2 * task.eps,
        max_iter=words["steps"],
        nb_random_init=1,
        batch_size=len(task.images),
        loss_type="cross_entropy",
        verbose=False,
    )
    return torch.from_numpy(attack.generate(task.images.numpy(), task.labels.numpy()))


def art_square(task: Task, words: dict[str, Any]) -> Tensor:
    """Use ART's Square, with as many questions and squares as large."""
    from art.attacks.evasion import SquareAttack

    attack = SquareAttack(
        _art(task),
        norm={"l2": 2, "linf": np.inf}[task.norm],
        eps=task.eps,
        max_iter=words["queries"],
        p_init=words["first_share"],
        nb_restarts=1,
        batch_size=len(task.images),
        verbose=False,
    )
    return torch.from_numpy(attack.generate(task.images.numpy(), task.labels.numpy()))


def _art(task: Task) -> Any:
    from art.estimators.classification import PyTorchClassifier

    with torch.no_grad():
        classes = task.module(task.images[:1]).shape[1]
    return PyTorchClassifier(
        model=task.module,
        loss=nn.CrossEntropyLoss(),
        input_shape=tuple(task.images.shape[1:]),
        nb_classes=classes,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )


@dataclass(frozen=True)
class Rival:
    """An attack of ours and the one beside it."""

    attack: str
    library: str
    peer: Peer
    words: dict[str, Any]
    norms: tuple[str, ...] = ("l2", "linf")


RIVALS = {
    "pgd": Rival("pgd", "Foolbox", foolbox_pgd, {"steps": 50}),
    "cw": Rival(
        "cw",
        "Foolbox",
        foolbox_cw,
        {"steps": 60, "searches": 4, "learning_rate": 0.05, "constant": 0.5},
        ("l2",),
    ),
    "apgd-ce": Rival("apgd-ce", "ART", art_apgd, {"steps": 50}),
    "square": Rival("square", "ART", art_square, {"queries": 300, "first_share": 0.8}),
}


def ours(rival: Rival, task: Task) -> Tensor:
    """Attack by advviz."""
    attack = attacks()[rival.attack]
    procedure = attack.make(
        task.images,
        Goal(labels=task.labels),
        threat_model(task.norm, task.eps),
        attack.params(**rival.words),
        noise=Noise(0),
        record="nothing",
    )
    return run(procedure, Classifier(task.module)).images


def held(task: Task, found: Tensor) -> Tensor:
    """Say which rows [N] are still right, or were moved further than eps."""
    with torch.no_grad():
        right = task.module(found.float()).argmax(1) == task.labels
    distance = threat_model(task.norm, task.eps).distance(task.images, found)
    return right | (distance > task.eps * ALLOWANCE)


def paired(one: Tensor, other: Tensor) -> tuple[float, float, float]:
    """Return the mean difference of two shares of the same rows, and its 95% interval."""
    difference = one.double() - other.double()
    half = 1.96 * float(difference.std(correction=1)) / sqrt(len(difference))
    return (
        float(difference.mean()),
        float(difference.mean()) - half,
        float(difference.mean()) + half,
    )


def tasks(
    model: str, folder: Path, limit: int, norm: str, eps: float, batch: int
) -> Iterator[Task]:
    """Read a seeded sample, equal per folder; give what is right without an attack."""
    described = record(model)
    files = labelled_files(folder, described.classes, described.wordnet_ids)
    rows = sampled(files.groups, limit, seed=0)
    module = load_model(model)
    for first in range(0, len(rows), batch):
        chosen = rows[first : first + batch]
        pixels = np.stack([read_pixels(files.paths[r], described.input_size) for r in chosen])
        images = torch.from_numpy(pixels).float() / 255
        labels = torch.tensor([files.labels[r] for r in chosen])
        with torch.no_grad():
            right = module(images).argmax(1) == labels
        if right.any():
            yield Task(module, images[right], labels[right], norm, eps)


def compared(rival: Rival, given: Sequence[Task]) -> str:
    """Attack everything twice, and write the line of the table."""
    mine, theirs = [], []
    for task in given:
        mine.append(held(task, ours(rival, task)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            theirs.append(held(task, rival.peer(task, rival.words)))
    one, other = torch.cat(mine), torch.cat(theirs)
    mean, low, high = (100 * value for value in paired(one, other))
    told = ", ".join(f"{name} {value:g}" for name, value in rival.words.items())
    return (
        f"| {rival.attack} | {rival.library} | {told} | {len(one)} | "
        f"{100 * float(one.double().mean()):.1f}% | {100 * float(other.double().mean()):.1f}% | "
        f"{mean:+.1f} [{low:+.1f}, {high:+.1f}] |"
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True, help="folder, one folder a class")
    parser.add_argument("--model", default="tiny14-robust-l2")
    parser.add_argument("--norm", choices=("l2", "linf"), default="l2")
    parser.add_argument("--eps", type=float, default=1.0)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--attack", action="append", choices=RIVALS, help="repeatable; all else")
    parser.add_argument("--few", action="store_true", help="a trial: hardly any steps")
    parser.add_argument("--dry", action="store_true", help="print only")
    args = parser.parse_args()
    given = list(tasks(args.model, args.images, args.limit, args.norm, args.eps, args.batch))
    lines = [
        "| attack | beside | told | right images | ours | theirs | ours − theirs, points |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in args.attack or RIVALS:
        rival = RIVALS[name]
        if args.few:
            few = {k: min(v, 5) if isinstance(v, int) else v for k, v in rival.words.items()}
            rival = Rival(rival.attack, rival.library, rival.peer, few, rival.norms)
        if args.norm in rival.norms:
            lines.append(compared(rival, given))
            print(lines[-1], flush=True)
    title = f"The same attacks of other libraries: {args.model}, {args.norm} {args.eps:g}"
    packages = ("foolbox", "adversarial-robustness-toolbox")
    report.write("attack_peers", title, lines, packages, part=args.model, dry=args.dry)


if __name__ == "__main__":
    main()
