"""The control of an attack: random noise of the same size."""

import torch
from attack_toys import asked, norms
from torch.testing import assert_close
from toys import Listening, central, convolutional

from advviz.attacks.random_noise import random_noise
from advviz.noise import Noise
from advviz.protocol import run
from advviz.threat_models import threat_model


@norms
def test_random_noise_spends_the_whole_budget(norm):
    """Every draw is at distance eps where the box is not active; draws differ."""
    images, threat = central(2), threat_model(norm, 0.2)
    network = Listening(convolutional())
    found = run(random_noise(images, threat, 30, noise=Noise(0)), network)
    asked_images = [query.images for query in network.queries]
    noisy = torch.cat(asked_images[1:]).view(30, *images.shape)
    for row in range(2):
        distance = threat.distance(images[row].expand_as(noisy[:, row]), noisy[:, row])
        assert_close(distance, torch.full((30,), 0.2).double(), rtol=0, atol=1e-6)
        assert len(noisy[:, row].unique(dim=0)) == 30
    assert_close(found.logits.flatten(0, 1), run(asked(noisy.flatten(0, 1)), network))
    assert torch.equal(found.original_logits, run(asked(images), network))
    assert torch.equal(found.example, noisy[0])
