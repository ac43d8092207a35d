"""Fast copies say what their models say, or are not used."""

import copy

import pytest
import torch
from torch import nn
from toys import built

from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.result import rounded_to_eight_bits
from advviz.data import gallery, images
from advviz.models.classifier import Classifier
from advviz.models.fast import COSINE, FastClassifier, agreement, folded, halved
from advviz.models.loading import load_model
from advviz.models.packed import PackedConv2d, can_pack, packed
from advviz.models.records import bundled
from advviz.noise import Noise
from advviz.objectives import Logit, Unit, towards
from advviz.protocol import Query, run
from advviz.threat_models import L2Ball


@pytest.fixture(scope="module")
def pictures():
    chosen = gallery.samples()[:16]
    pixels = [images.load(f"sample:{sample.id}", 64).pixels.copy() for sample in chosen]
    return torch.stack([torch.from_numpy(p) for p in pixels])


@pytest.mark.parametrize("model", bundled())
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


@pytest.mark.parametrize("model", bundled())
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


CONVOLUTIONS = [(3, 64, 7, 2, 3), (3, 32, 3, 1, 1), (1, 8, 4, 4, 0), (4, 8, 5, 3, 2)]
CONVOLUTIONS += [(16, 8, 3, 1, 1), (16, 32, 3, 2, 1), (16, 32, 1, 2, 0), (32, 32, 5, 3, 0)]
needs_packing = pytest.mark.skipif(not can_pack(torch.device("cpu")), reason="no oneDNN")


@needs_packing
@pytest.mark.parametrize(("into", "out", "kernel", "stride", "padding"), CONVOLUTIONS)
@pytest.mark.parametrize("size", [(16, 16), (13, 18)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_convolution_is_the_convolution_up_to_rounding(
    into, out, kernel, stride, padding, size, bias
):
    generator = torch.Generator().manual_seed(0)
    conv = nn.Conv2d(into, out, kernel, stride, padding, bias=bias).requires_grad_(False)
    inputs = torch.randn(2, into, *size, generator=generator, requires_grad=True)
    wanted = conv(inputs)
    found = PackedConv2d(conv)(inputs)
    rounding = 2**-7 * wanted.detach().abs().max()
    torch.testing.assert_close(found.float(), wanted, rtol=0, atol=float(rounding))
    pulled = torch.randn(wanted.shape, generator=generator)
    (expected,) = torch.autograd.grad(wanted, inputs, pulled)
    (gradient,) = torch.autograd.grad(found, inputs, pulled.bfloat16())
    assert gradient.dtype == inputs.dtype
    rounding = 2**-7 * expected.abs().max()
    torch.testing.assert_close(gradient, expected, rtol=0, atol=float(rounding))


@needs_packing
def test_a_first_convolution_sees_changes_that_bfloat16_would_swallow():
    """An L2 change of 0.25 at 224 px moves a typical pixel by 0.25 / √(3·224²)."""
    conv = built(lambda: nn.Conv2d(3, 8, 7, 2, 3)).requires_grad_(False)
    inputs = torch.full((1, 3, 224, 224), 0.75)
    change = 0.25 / inputs.numel() ** 0.5 * conv.weight.sum((0, 2, 3)).sign()[:, None, None]
    assert torch.equal((inputs + change).bfloat16(), inputs.bfloat16())
    packed_conv = PackedConv2d(conv)
    moved = packed_conv(inputs + change) - packed_conv(inputs)
    assert (moved != 0).float().mean() > 0.05


@needs_packing
def test_packing_keeps_names_and_leaves_what_it_cannot_do():
    module = nn.Sequential(
        nn.Conv2d(8, 8, 3),
        nn.Sequential(nn.Conv2d(8, 8, 3, groups=2), nn.Conv2d(8, 8, 3, dilation=2)),
        nn.Conv2d(8, 8, 3, padding="same"),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(8, 8, (3, 5)),
        nn.Conv2d(8, 8, 3, stride=(1, 2)),
        nn.Conv2d(8, 8, 3, padding=(1, 0)),
    )
    module.eval().requires_grad_(False)
    names = [name for name, _ in module.named_modules()]
    fast = packed(copy.deepcopy(module))
    assert [name for name, _ in fast.named_modules()] == names
    assert isinstance(fast[0], PackedConv2d)
    assert not any(isinstance(layer, PackedConv2d) for layer in list(fast.modules())[2:])


@pytest.mark.parametrize("model", bundled())
def test_a_copy_in_bfloat16_keeps_every_name_and_leaves_its_model_alone(model, pictures):
    plain = folded(load_model(model)).to(memory_format=torch.channels_last)
    before = copy.deepcopy(plain.state_dict())
    fast = halved(plain, torch.device("cpu"))
    assert [name for name, _ in fast.named_modules()] == [n for n, _ in plain.named_modules()]
    assert all(torch.equal(before[k], v) for k, v in plain.state_dict().items())
    query = Query(pictures, Unit("layer3", torch.arange(len(pictures))))
    ours, theirs = Classifier(fast, half=True).answer(query), Classifier(plain).answer(query)
    assert ours.gradients.dtype == ours.logits.dtype == ours.values.dtype == torch.float32
    cosines = nn.functional.cosine_similarity(
        ours.gradients.flatten(1), theirs.gradients.flatten(1)
    )
    assert cosines.median() >= COSINE


def test_what_an_attack_reports_is_the_unmodified_networks_answer(pictures):
    module = load_model("tiny14-standard")
    fast = FastClassifier(module, pictures)
    target = towards(torch.full((4,), 3))
    params = PGDParams(step_size=0.1, steps=5)
    found = run(pgd(pictures[:4], target, L2Ball(0.25), params, noise=Noise(0)), fast)
    exact = Classifier(module)
    together = torch.cat([pictures[:4], found.images, rounded_to_eight_bits(found.images)])
    logits = exact.answer(Query(together, gradient=False)).logits.chunk(3)[1]
    assert torch.equal(found.logits, logits)
    assert torch.equal(found.success, target.margins(logits) > 0)
