"""Train a classifier by a recipe; resumable after every epoch."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from advviz.errors import InvalidInputError
from advviz.threat_models import L2Ball
from advviz.training.adversarial import BatchStream, hardest_images
from advviz.training.batches import ImageSet, augmented, draw_epoch
from advviz.training.recipe import Recipe

VALIDATION_STEPS = 10
Report = Callable[[int, int, float], None]
"""Called with optimizer steps done, steps in all, and the current training loss."""


@dataclass(slots=True)
class Run:
    """The state of a training run: all that a checkpoint holds."""

    recipe: Recipe
    network: nn.Module
    average: nn.Module  # exponential moving average of weights and buffers
    optimizer: torch.optim.Optimizer
    epoch: int = 0

    @classmethod
    def start(cls, recipe: Recipe, network: nn.Module, average: nn.Module) -> "Run":
        """Begin from freshly initialized networks of the same architecture."""
        learned = [p for p in network.parameters() if p.requires_grad]
        decayed = [p for p in learned if p.ndim > 1]
        others = [p for p in learned if p.ndim <= 1]
        optimizer = torch.optim.SGD(
            [
                {"params": decayed, "weight_decay": recipe.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=recipe.peak_lr,
            momentum=recipe.momentum,
            nesterov=True,
        )
        average.load_state_dict(network.state_dict())
        average.requires_grad_(False).eval()
        return cls(recipe, network, average, optimizer)

    def save(self, path: Path) -> None:
        """Write a checkpoint; a crash leaves the old one."""
        state = {
            "recipe": json.dumps(self.recipe.as_dict()),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint of the same recipe.

        Raises:
            InvalidInputError: the checkpoint was made with another recipe.
        """
        state = torch.load(path, weights_only=True)
        if json.loads(state["recipe"]) != json.loads(json.dumps(self.recipe.as_dict())):
            raise InvalidInputError(
                f"{path} was made with another recipe; give another folder or remove it"
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]


def train(run: Run, data: ImageSet, validation: ImageSet, out: Path, report: Report) -> None:
    """Train to the recipe's end, from wherever the folder's checkpoint stands.

    Writes into `out`: `checkpoint.pt` (to resume), `log.jsonl` (one line an epoch) and
    `epoch-NN.safetensors` (averaged weights, fp16) for every epoch.

    Args:
        run: as `Run.start` made it; changed in place.
        data: training images.
        validation: held-out images, measured after every epoch.
        out: an existing folder.
        report: receives progress.
    """
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        run.resume(checkpoint)
    while run.epoch < run.recipe.epochs:
        started = time.monotonic()
        loss = _train_epoch(run, data, report)
        run.epoch += 1
        line = {
            "epoch": run.epoch,
            "training_loss": round(loss, 4),
            "train_seconds": round(time.monotonic() - started, 1),
            **validate(run.average, validation, run.recipe),
        }
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        export(run.average, out / f"epoch-{run.epoch:02d}.safetensors")
        run.save(checkpoint)


def export(network: nn.Module, path: Path) -> None:
    """Write a network's weights and buffers as fp16 safetensors (counters are dropped)."""
    state = {
        name: value.half().contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(state, path)


def _batches(run: Run, data: ImageSet) -> Iterator[tuple[Tensor, Tensor, torch.Generator]]:
    recipe = run.recipe
    generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + run.epoch)
    rows = draw_epoch(data.labels, recipe.images_per_epoch, generator)
    for chosen in torch.split(rows, recipe.batch):
        if len(chosen) == recipe.batch:
            images = augmented(data.pixels[chosen], recipe.crop_padding, generator)
            yield images, data.labels[chosen], generator


def _train_epoch(run: Run, data: ImageSet, report: Report) -> float:
    recipe = run.recipe
    device = next(run.network.parameters()).device
    step = run.epoch * (recipe.images_per_epoch // recipe.batch)
    total = torch.zeros((), device=device)
    run.network.train()
    for cpu_images, cpu_labels, generator in _batches(run, data):
        images = cpu_images.to(device, memory_format=torch.channels_last)
        labels = cpu_labels.to(device)
        if recipe.eps > 0:
            images = hardest_images(
                run.network,
                images,
                labels,
                L2Ball(recipe.eps),
                steps=recipe.attack_steps,
                step_size=recipe.step_size,
                stream=BatchStream(images, generator),
            )
        with torch.autocast(device.type, torch.bfloat16):
            logits = run.network(images)
        loss = functional.cross_entropy(logits.float(), labels)
        for group in run.optimizer.param_groups:
            group["lr"] = recipe.learning_rate(step)
        run.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        run.optimizer.step()
        update_average(run.average, run.network, recipe.ema_decay, step)
        step += 1
        total += loss.detach()
        if step % 10 == 0:
            report(step, recipe.steps, float(loss.detach()))
    return float(total) / (recipe.images_per_epoch // recipe.batch)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights and buffers towards the network's.

    Early on the decay is smaller, so that the random initialization is soon forgotten.
    """
    decay = min(decay, (1 + step) / (10 + step))
    ours, theirs = average.state_dict(), network.state_dict()
    for name, value in ours.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], 1 - decay)
        else:
            value.copy_(theirs[name])


def validate(network: nn.Module, images: ImageSet, recipe: Recipe) -> dict[str, float]:
    """Measure clean and attacked accuracy on held-out images.

    The attack is PGD-10, the same for both partners, so that their logs can be compared; it
    serves to choose among epochs, not to claim robustness.
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(recipe.seed)
    clean = attacked = 0
    for pixels, cpu_labels in zip(
        torch.split(images.pixels, recipe.batch),
        torch.split(images.labels, recipe.batch),
        strict=True,
    ):
        batch = (pixels.float() / 255).to(device, memory_format=torch.channels_last)
        labels = cpu_labels.to(device)
        adversarial = hardest_images(
            network,
            batch,
            labels,
            L2Ball(recipe.validation_eps),
            steps=VALIDATION_STEPS,
            step_size=2.5 * recipe.validation_eps / VALIDATION_STEPS,
            stream=BatchStream(batch, generator),
        )
        with torch.no_grad():
            clean += int((network(batch).argmax(1) == labels).sum())
            attacked += int((network(adversarial).argmax(1) == labels).sum())
    count = len(images.labels)
    named = f"pgd{VALIDATION_STEPS}_l2_{recipe.validation_eps}"
    return {"clean": round(clean / count, 4), named: round(attacked / count, 4)}
