"""Mislabelled training sets: a human sees what was there, the label is the other class."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.pgd import PGDParams, pgd
from advviz.labs.examples import Examples, Meter
from advviz.labs.turns import answered_by
from advviz.noise import Noise, Stream
from advviz.objectives import away_from
from advviz.protocol import Procedure, Respondent
from advviz.threat_models import ThreatModel

VALUES_A_QUERY = 2**20
"""Pixel values in a question to a lab's own network: it is answered within a turn."""
HALVINGS = 24  # of the bracket around a random change's length


@dataclass(frozen=True, slots=True, eq=False)
class Mislabelled:
    """What became of the images of one network, which it has been trained on or chosen by.

    Args:
        original: [N, C, H, W].
        labels: int64 [N], what they show.
        right: bool [N], the network got them right before the attack.
        kept: bool [N], and wrong after it. Only these are used, with the other class's label.
        adversarial: [N, C, H, W].
        random: [N, C, H, W], moved as far as the attack moved each, in a random direction.
        distances: float64 [N], how far that was, in the ball's norm.
    """

    original: Tensor
    labels: Tensor
    right: Tensor
    kept: Tensor
    adversarial: Tensor
    random: Tensor
    distances: Tensor

    def examples(self, images: Tensor) -> Examples:
        """Label some form of the images with the other class, for one network."""
        return Examples.of(images[None], 1 - self.labels[None], self.kept[None])


def mislabelled(
    respondent: Respondent,
    images: Tensor,
    labels: Tensor,
    threat: ThreatModel,
    params: PGDParams,
    *,
    noise: Noise,
    meter: Meter,
) -> Procedure[Mislabelled]:
    """Attack every image, and keep those that were right and are now wrong.

    Args:
        respondent: the network that is attacked.
        images: [N, C, H, W] in [0, 1].
        labels: int64 [N], 0 or 1.
        threat: the ball.
        params: of the attack.
        noise: of the random changes, and of the attack where it starts at random.
        meter: shown meanwhile.
    """
    parts: list[tuple[Tensor, ...]] = []
    rows = max(1, VALUES_A_QUERY // images[0].numel())
    pairs = zip(torch.split(images, rows), torch.split(labels, rows), strict=True)
    for some, wanted in pairs:
        attack = pgd(some, away_from(wanted), threat, params, noise=noise)
        progress = meter.at("attacking every image")
        found = yield from answered_by(respondent, attack, progress)
        right = found.original_logits.argmax(1) == wanted
        kept = right & (found.logits.argmax(1) != wanted)
        distances = threat.distance(some, found.images)
        moved = moved_at_random(some, distances, threat, noise.streams(some))
        parts.append((right, kept, found.images, moved, distances))
    right, kept, adversarial, random, distances = (
        torch.cat(each) for each in zip(*parts, strict=True)
    )
    return Mislabelled(images, labels, right, kept, adversarial, random, distances)


def moved_at_random(
    images: Tensor, distances: Tensor, threat: ThreatModel, stream: Stream
) -> Tensor:
    """Move each image in a random direction, so far that what is left inside the box has a length.

    Many pixels lie at an end of [0, 1], where half of a random change is cut off; an attack
    loses less. So the change is lengthened until what is left of it is as long as wanted.

    Args:
        images: [N, C, H, W] in [0, 1].
        distances: [N], the lengths, in the ball's norm.
        threat: whose norm, and whose directions: uniform on the sphere in L2, signs in L-inf.
        stream: of the images.
    """
    directions = threat.steepest(stream.normal("random change"))
    low, high = torch.zeros_like(distances), 16 * distances
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        far = threat.distance(images, _moved(images, directions, middle)) > distances
        low, high = torch.where(far, low, middle), torch.where(far, middle, high)
    return _moved(images, directions, low)


def _moved(images: Tensor, directions: Tensor, lengths: Tensor) -> Tensor:
    return (images + lengths.to(images)[:, None, None, None] * directions).clamp(0, 1)
