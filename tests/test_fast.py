"""Fast copies say what their models say, or are not used."""

import copy

import pytest
import torch
from torch import nn

from advviz.data import gallery, images
from advviz.models.classifier import Classifier
from advviz.models.fast import FastClassifier, agreement, folded
from advviz.models.loading import load_model
from advviz.models.records import catalogue
from advviz.objectives import Logit, Unit
from advviz.protocol import Query


@pytest.fixture(scope="module")
def pictures():
    chosen = gallery.samples()[:16]
    pixels = [images.load(f"sample:{sample.id}", 64).pixels.copy() for sample in chosen]
    return torch.stack([torch.from_numpy(p) for p in pixels])


@pytest.mark.parametrize("model", catalogue())
def test_folding_changes_nothing_but_rounding_and_keeps_every_name(model, pictures):
    module = load_model(model).double()
    before = copy.deepcopy(module.state_dict())
    fast = folded(module)
    assert [name for name, _ in fast.named_modules()] == [n for n, _ in module.named_modules()]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fast.modules())
    query = Query(pictures[:2].double(), Unit("layer3", torch.tensor([5, 9])))
    ours, theirs = Classifier(fast).answer(query), Classifier(module).answer(query)
    torch.testing.assert_close(ours.logits, theirs.logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(ours.gradients, theirs.gradients, rtol=1e-4, atol=1e-7)
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())


@pytest.mark.parametrize("model", catalogue())
def test_the_shipped_models_pass_the_fixed_test(model, pictures):
    fast = FastClassifier(load_model(model), pictures)
    assert agreement(fast.exact, fast.fast, pictures).suffices


def test_exact_queries_go_to_the_unmodified_network(pictures):
    module = load_model("tiny14-standard")
    fast = FastClassifier(module, pictures)
    query = Query(pictures[:3], Logit(torch.tensor([0, 1, 2])), exact=True)
    plain = Classifier(module).answer(query)
    assert torch.equal(fast.answer(query).logits, plain.logits)
    assert torch.equal(fast.answer(query).gradients, plain.gradients)


def test_a_batch_norm_after_no_convolution_stays():
    module = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    kinds = [type(m) for m in folded(module.eval())]
    assert kinds == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d, nn.Identity]


def test_a_convolution_read_twice_is_not_folded():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, pixels):
            inner = self.conv(pixels)
            return self.bn(inner) + inner

    assert isinstance(folded(Twice().eval()).bn, nn.BatchNorm2d)


def test_a_network_that_cannot_be_traced_is_copied_as_it_is():
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, pixels):
            return self.bn(self.conv(pixels)) if pixels.sum() > 0 else pixels

    fast = folded(Branching().eval())
    assert isinstance(fast.bn, nn.BatchNorm2d)


def test_a_copy_that_disagrees_is_refused(pictures):
    module = load_model("tiny14-standard")
    broken = copy.deepcopy(module)
    broken.fc.weight.data.neg_()
    assert not agreement(Classifier(module), Classifier(broken), pictures).suffices
