"""What every architecture keeps: [0, 1] in, logits out, gradients, folding, named layers.

Weights are random: none of this depends on them.
"""

import copy
from dataclasses import replace
from math import isfinite

import pytest
import torch
from torch import nn
from toys import generator

from advviz.errors import WeightsError
from advviz.models.architectures import build
from advviz.models.classifier import Classifier
from advviz.models.fast import folded
from advviz.models.loading import ready
from advviz.models.records import catalogue, record
from advviz.models.zoo import zoo
from advviz.objectives import Logit, Unit, towards
from advviz.protocol import Query, run

BUNDLED = ("tiny14-standard", "cifar10-standard")
TORCHVISION = (
    "imagenet-resnet18-v1",
    "imagenet-resnet50-l2-3",
    "imagenet-wide-resnet50-2-linf-4",
    "imagenet-convnext-tiny-v1",
    "imagenet-vit-b-16-v1",
)
TIMM = ("imagenet-efficientnet-b0-advprop", "imagenet-inception-v3-adv")
ALL = (*BUNDLED, *TORCHVISION, *TIMM)
SMALL = 96
"""Pixels a side where an architecture takes images of any size: a pass costs a tenth."""

_built: dict[str, tuple[object, nn.Module]] = {}


@pytest.fixture
def subject(request):
    """Give a record and its network, built once, with statistics that are not the initial ones."""
    name = request.param
    if name in TIMM:
        pytest.importorskip("timm")
    if name not in _built:
        described = record(name)
        if name not in BUNDLED and "vit" not in name:
            described = replace(described, input_size=SMALL)
        network = build(described)
        source = generator(1)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1, generator=source)
                layer.running_var.uniform_(0.5, 2, generator=source)
        for parameter in network.parameters():
            if parameter.ndim > 1 and not parameter.any():  # a transformer's head begins at zero
                parameter.data.normal_(0, 0.02, generator=source)
        _built.clear()  # one network in memory at a time
        _built[name] = (described, ready(network))
    return _built[name]


each = pytest.mark.parametrize("subject", ALL, indirect=True)


def pictures(described, count=1):
    size = described.input_size
    return torch.rand(count, 3, size, size, generator=generator(2))


@each
def test_the_architecture_keeps_the_contract(subject):
    """Logits, gradients, folding, layers, in-place activations: one network, many sentences."""
    described, network = subject
    images = pictures(described)
    _gives_logits_and_gradients(described, network, images)
    _normalizes_inside(described, network, images)
    _changes_nothing_in_place(network)
    _fires_in_every_named_layer(described, network, images)
    _agrees_with_its_folded_copy(described, network, images)
    _comes_back_from_its_own_state(network)


def _gives_logits_and_gradients(described, network, images):
    before = images.clone()
    answer = Classifier(network).answer(Query(images, towards(torch.tensor([1]))))
    assert torch.equal(images, before)
    assert answer.logits.shape == (1, len(described.classes))
    assert answer.gradients.shape == images.shape
    assert answer.logits.isfinite().all()
    assert answer.gradients.isfinite().all()
    assert float(answer.gradients.abs().max()) > 0
    assert answer.logits.std() > 0


def _normalizes_inside(described, network, images):
    """What the builder's network makes of normalized numbers, ours makes of pixels."""
    plain = build(replace(described, mean=(0.0,) * 3, std=(1.0,) * 3)).eval()
    plain.load_state_dict(network.state_dict())
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (described.mean, described.std))
    with torch.no_grad():
        wanted = plain((images - mean) / std)
        scale = float(wanted.abs().max())
        torch.testing.assert_close(network(images), wanted, rtol=1e-3, atol=1e-4 * scale)
    assert not any("normalize" in name for name in network.state_dict())


def _changes_nothing_in_place(network):
    assert not any(getattr(layer, "inplace", False) for layer in network.modules())


def _fires_in_every_named_layer(described, network, images):
    classifier = Classifier(network)
    assert described.penultimate == next(iter(described.layers))
    for layer, channels in described.layers.items():
        last = classifier.answer(Query(images, Unit(layer, torch.tensor([channels - 1]))))
        assert isfinite(float(last.values))
        assert last.gradients.isfinite().all()
        with pytest.raises(Exception, match="units must lie in"):
            classifier.answer(Query(images, Unit(layer, torch.tensor([channels]))))


def _agrees_with_its_folded_copy(described, network, images):
    fast = folded(network)
    assert [name for name, _ in fast.named_modules()] == [n for n, _ in network.named_modules()]
    query = Query(images, Logit(torch.tensor([2])))
    ours, theirs = Classifier(fast).answer(query), Classifier(network).answer(query)
    scale = float(theirs.logits.abs().max())
    torch.testing.assert_close(ours.logits, theirs.logits, rtol=1e-3, atol=1e-4 * scale)
    cosine = torch.cosine_similarity(ours.gradients.flatten(1), theirs.gradients.flatten(1))
    assert float(cosine) > 0.999
    left = [m for m in fast.modules() if isinstance(m, nn.BatchNorm2d)]
    if described.architecture.startswith("torchvision:"):
        assert not left, "every batch norm of these follows a convolution"


def _comes_back_from_its_own_state(network):
    """Keys are its builder's, so that published files fit; nothing depends on being copied."""
    copied = copy.deepcopy(network)
    copied.load_state_dict(network.state_dict(), strict=True)
    names = list(network.state_dict())
    assert not any(name.startswith(("model.", "module.", "network.")) for name in names)


def test_published_keys_are_torchvisions():
    """Strictly: what the enum's file holds is what the network takes."""
    from torchvision import models

    for name in TORCHVISION:
        described = record(name)
        with torch.device("meta"):
            theirs = models.get_model(described.architecture.removeprefix("torchvision:"))
            ours = build(described)
        assert {k: v.shape for k, v in ours.state_dict().items()} == {
            k: v.shape for k, v in theirs.state_dict().items()
        }


def test_every_architecture_of_the_catalogue_is_under_contract():
    """But for one that is large and built like another."""
    tested = {record(name).architecture for name in ALL}
    assert {r.architecture for r in catalogue().values()} - tested == {"timm:inception_resnet_v2"}
    assert set(ALL) - set(BUNDLED) <= set(zoo())


def test_building_touches_no_global_random_numbers():
    """Initial weights are drawn, and overwritten."""
    before = torch.get_rng_state()
    build(record("imagenet-resnet18-v1"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("torchvision:nothing", "torchvision has no classifier called 'nothing', which"),
        ("torchvision:fcn_resnet50", "torchvision has no classifier called 'fcn_resnet50'"),
        ("timm:nothing", "timm has no model called 'nothing', which imagenet-resnet18-v1 names"),
        ("resnet18", r"expected SlimResNet, .*torchvision:NAME or timm:NAME"),
        ("os:system", r"expected SlimResNet, .*torchvision:NAME or timm:NAME"),
        ("timm:hf-hub:someone/model", r"expected SlimResNet, .*torchvision:NAME or timm:NAME"),
    ],
)
def test_an_architecture_that_there_is_not_is_one_sentence(architecture, message):
    """Nothing is fetched, nothing is run."""
    if architecture.startswith("timm"):
        pytest.importorskip("timm")
    with pytest.raises(WeightsError, match=message):
        build(replace(record("imagenet-resnet18-v1"), architecture=architecture))


def test_a_procedure_runs_on_a_network_of_224_pixels():
    """The whole way of a query: PGD moves a ResNet-18's answer."""
    from advviz.attacks.pgd import PGDParams, pgd
    from advviz.noise import Noise
    from advviz.threat_models import L2Ball

    described = record("imagenet-resnet18-v1")
    images = pictures(described)
    found = run(
        pgd(
            images,
            towards(torch.tensor([5])),
            L2Ball(eps=3.0),
            PGDParams(step_size=1.0, steps=2),
            noise=Noise(0),
        ),
        Classifier(ready(build(described))),
    )
    assert float((found.images - images).norm()) <= 3.0 * (1 + 1e-6)
    assert not torch.equal(found.images, images)
