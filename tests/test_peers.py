"""Peers as oracles: Captum's gradient and SmoothGrad, Foolbox's projected gradient descent."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close
from toys import convolutional, labels, pictures

from advviz.attacks.pgd import PGDParams, pgd
from advviz.explain.gradient import gradient
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.noise import Noise
from advviz.objectives import Logit, away_from, towards
from advviz.protocol import run
from advviz.threat_models import threat_model

IMAGES = pictures(4)
CLASSES = labels(0, 1, 2, 1)


@pytest.fixture
def own_numbers():
    """Give a peer that draws global random numbers a state of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_the_gradient_is_captums():
    """Saliency without the absolute value."""
    from captum.attr import Saliency

    network = convolutional()
    theirs = Saliency(network.module).attribute(
        IMAGES.clone().requires_grad_(True), target=CLASSES, abs=False
    )
    ours = run(gradient(IMAGES, Logit(CLASSES)), network).attributions
    assert_close(ours, theirs, rtol=0, atol=1e-12)


@dataclass(frozen=True)
class Replayed:
    """Noise that a peer has drawn, [N, samples, C, H, W]."""

    drawn: Tensor

    def streams(self, images: Tensor) -> "Replayed":
        """Bind to images."""
        assert len(images) == len(self.drawn)
        return self

    def normal(self, purpose: str, draw: int = 0) -> Tensor:
        """Return one draw."""
        assert purpose == "smoothgrad"
        return self.drawn[:, draw]


@pytest.mark.parametrize(
    ("magnitude", "kind"), [("signed", "smoothgrad"), ("squared", "smoothgrad_sq")]
)
@pytest.mark.usefixtures("own_numbers")
def test_smoothgrad_is_captums_at_the_same_noise(magnitude, kind):
    """A noise tunnel's noise is overheard, and used again."""
    from captum.attr import NoiseTunnel, Saliency

    network, heard, sigma, samples = convolutional(), [], 0.3, 12

    def overheard(images):
        heard.append(images.detach())
        return network.module(images)

    theirs = NoiseTunnel(Saliency(overheard)).attribute(
        IMAGES.clone(), nt_type=kind, nt_samples=samples, stdevs=sigma, target=CLASSES, abs=False
    )
    noisy = torch.cat(heard).view(4, samples, *IMAGES.shape[1:])  # each image's copies in a row
    drawn = (noisy - IMAGES[:, None]) / sigma
    assert drawn.std() == pytest.approx(1, abs=0.1)
    params = SmoothGradParams(
        samples=samples, sigma=sigma, sigma_unit="absolute", magnitude=magnitude
    )
    ours = run(smoothgrad(IMAGES, Logit(CLASSES), params, noise=Replayed(drawn)), network)
    assert_close(ours.attributions, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize(
    ("norm", "eps", "step_size"), [("l2", 0.5, 0.08), ("l2", 3.0, 0.5), ("linf", 0.1, 0.02)]
)
def test_pgd_is_foolboxs(norm, eps, step_size, targeted):
    """The same last iterate, in float64, with and without an active box."""
    foolbox = pytest.importorskip("foolbox")
    network = convolutional()
    peer = foolbox.PyTorchModel(network.module, bounds=(0, 1), device="cpu")
    kind = {"l2": foolbox.attacks.L2PGD, "linf": foolbox.attacks.LinfPGD}[norm]
    criterion = (
        foolbox.criteria.TargetedMisclassification(CLASSES)
        if targeted
        else foolbox.criteria.Misclassification(CLASSES)
    )
    attack = kind(abs_stepsize=step_size, steps=15, random_start=False)
    _, theirs, success = attack(peer, IMAGES, criterion, epsilons=eps)
    objective = towards(CLASSES) if targeted else away_from(CLASSES)
    params = PGDParams(step_size=step_size, steps=15, record="pictures")
    found = run(pgd(IMAGES, objective, threat_model(norm, eps), params, noise=Noise(0)), network)
    assert found.history is not None
    assert found.history.pictures is not None
    assert_close(found.history.pictures[-1], theirs, rtol=0, atol=1e-8)
    assert_close(found.history.scores[-1] > 0, success)
    assert not (success & ~found.success).any(), "the best iterate is no worse than the last"
