"""Guided backpropagation, DeepLift, Grad-CAM and LRP: against Captum, and their axioms."""

import pytest
import torch
from explainer_toys import INSIDE
from rectified import captums, classifier, drawn, rectified, residual, transformer
from torch import nn
from torch.nn import functional
from torch.testing import assert_close
from toys import SHAPE, SIZE, convolutional, labels, linear, normal, pictures

from advviz.errors import InvalidInputError, UnknownNameError
from advviz.explain.catalogue import explainers
from advviz.explain.deeplift import deeplift
from advviz.explain.gradcam import grad_cam, guided_grad_cam
from advviz.explain.gradient import gradient
from advviz.explain.guided import guided_backprop
from advviz.explain.inside_parameters import GradCam, GuidedGradCam, Relevance
from advviz.explain.relevance import relevance
from advviz.models.classifier import Classifier
from advviz.models.resnet import SlimResNet
from advviz.noise import Noise
from advviz.objectives import Logit, Unit
from advviz.protocol import run

BIG = (3, 8, 8)
CLASSES = labels(2, 0)
LOGIT = Logit(CLASSES)
W, B = normal(4, SIZE, seed=1), normal(4, seed=2)
EPSILON = Relevance(rules="epsilon", epsilon=1e-9)


def close(found, expected):
    assert_close(found, expected, rtol=0, atol=1e-9)


def black(images):
    return torch.zeros_like(images)


# --- guided backpropagation ---------------------------------------------------------


def test_guided_backprop_is_captums_on_relu():
    network, images = rectified(), pictures(2, BIG)
    found = run(guided_backprop(images, LOGIT), classifier(network))
    close(found.attributions, captums("GuidedBackprop", network, images, CLASSES))
    assert found.facts["rectifiers"] == 2
    assert found.facts["activations"] == "relu"


def test_guided_backprop_of_a_linear_model_is_its_gradient():
    found = run(guided_backprop(pictures(2), LOGIT), linear(W, B))
    close(found.attributions, W[CLASSES].view(2, *SHAPE))
    assert found.facts["rectifiers"] == 0


def test_guided_backprop_sees_functions_and_smooth_rectifiers_which_captum_passes_by():
    """Slowly: at each SiLU, the positive part from above times the positive part of the slope."""
    network, image = residual(functional.silu), pictures(1, BIG)

    class Slow(torch.autograd.Function):
        @staticmethod
        def forward(context, inputs):
            context.save_for_backward(inputs)
            return functional.silu(inputs)

        @staticmethod
        def backward(context, above):
            (inputs,) = context.saved_tensors
            gate = inputs.sigmoid()
            return above.clamp(min=0) * (gate * (1 + inputs * (1 - gate))).clamp(min=0)

    found = run(guided_backprop(image, Logit(labels(1))), classifier(network))
    plain = run(gradient(image, Logit(labels(1))), classifier(network)).attributions
    close(captums("GuidedBackprop", network, image, labels(1)), plain)
    network.function = Slow.apply
    pixels = image.clone().requires_grad_()
    (expected,) = torch.autograd.grad(network(pixels)[0, 1], pixels)
    close(found.attributions, expected)
    assert found.facts["rectifiers"] == 3
    assert (found.attributions - plain).abs().max() > 1e-3


# --- DeepLift -------------------------------------------------------------------------


def test_deeplift_is_captums_on_relu():
    network, images = rectified(), pictures(2, BIG)
    baselines = [black(images), pictures(2, BIG, seed=5)]
    found = run(deeplift(images, baselines, LOGIT), classifier(network))
    alone = [
        captums("DeepLift", network, images, CLASSES, baselines=baseline) for baseline in baselines
    ]
    close(found.attributions, torch.stack(alone).mean(0))


def test_deeplift_of_a_max_pool_is_captums_where_nothing_stands_before_it():
    network = nn.Sequential(rectified()[0], nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 4))
    network, images, baseline = drawn(network), pictures(2, BIG), pictures(2, BIG, seed=5)
    found = run(deeplift(images, [baseline], LOGIT), classifier(network)).attributions
    close(found, captums("DeepLift", network, images, CLASSES, baselines=baseline))
    # Its two hooks on one tensor, the ReLU's output, miss each other.
    network = drawn(nn.Sequential(network[0], nn.ReLU(), *network[1:]))
    theirs = captums("DeepLift", network, images, CLASSES, baselines=baseline)
    found = run(deeplift(images, [baseline], LOGIT), classifier(network))
    off = (theirs.flatten(1).sum(1) - found.facts["difference"]).abs()
    assert off.max() > 1e-3
    assert found.facts["completeness_error"].max() < 1e-12


@pytest.mark.parametrize("function", [functional.silu, torch.relu, functional.gelu, torch.sigmoid])
def test_deeplift_is_complete_where_captum_is_not(function):
    """One activation called three times, sums in place, batch norm, overlapping windows."""
    network, images = classifier(residual(function)), pictures(2, BIG)
    baselines = [black(images), images.mean((2, 3), keepdim=True).expand_as(images)]
    found = run(deeplift(images, baselines, LOGIT), network)
    expected = [found.values - LOGIT.values(network.module(baseline)) for baseline in baselines]
    close(found.attributions.flatten(1).sum(1), torch.stack(expected).mean(0))
    close(found.facts["difference"], torch.stack(expected).mean(0))
    assert found.facts["completeness_error"].max() < 1e-9


def test_captums_deeplift_passes_silu_by():
    """Why the rule is our own: here Captum misses a good part of the difference."""
    network, image = convolutional(4), pictures(1)
    found = run(deeplift(image, [black(image)], Logit(labels(1))), network)
    theirs = captums("DeepLift", network.module, image, labels(1), baselines=black(image))
    difference = float(found.facts["difference"])
    assert abs(float(theirs.sum()) - difference) > 0.02 * abs(difference)
    assert abs(float(found.attributions.sum()) - difference) < 1e-9


def test_deeplift_shares_products_of_features():
    """As in squeeze-and-excitation: a gate times what it gates."""

    class Gated(nn.Module):
        def forward(self, images):
            features = images.flatten(2).mean(2)
            return features * (3 * features).sigmoid()

    network, images = classifier(Gated()), pictures(2)
    found = run(deeplift(images, [black(images)], LOGIT), network)
    close(found.attributions.flatten(1).sum(1), found.values - 0)
    assert found.facts["completeness_error"].max() < 1e-12


@pytest.mark.parametrize("name", ["__imul__", "mul_"])
def test_deeplift_shares_products_in_place(name):
    """As `features *= gate` does."""

    class Gated(nn.Module):
        def forward(self, images):
            features = images.flatten(2).mean(2)
            return getattr(features, name)((3 * features).sigmoid())

    network, images = classifier(Gated()), pictures(2)
    found = run(deeplift(images, [black(images)], LOGIT), network)
    close(found.attributions.flatten(1).sum(1), found.values - 0)


def test_deeplift_of_a_linear_model_is_the_weighted_difference():
    images, baseline = pictures(2), pictures(2, seed=9)
    found = run(deeplift(images, [baseline], LOGIT), linear(W, B))
    close(found.attributions, W[CLASSES].view(2, *SHAPE) * (images - baseline))


def test_deeplift_needs_a_baseline_of_the_images_shape():
    images = pictures(2)
    for baselines in ([], [images[:1]]):
        with pytest.raises(InvalidInputError, match="baselines of the shape"):
            run(deeplift(images, baselines, LOGIT), linear(W, B))


# --- Grad-CAM -----------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool", "conv2"])
@pytest.mark.parametrize("positive", [True, False])
def test_grad_cam_is_captums(layer, positive):
    network, images = rectified(), pictures(2, BIG)
    chosen = getattr(network, layer)
    theirs = captums(
        "LayerGradCam", network, images, CLASSES, layers=[chosen], relu_attributions=positive
    )
    for upsampling in ("bilinear", "nearest"):
        params = GradCam(layer=layer, positive=positive, upsampling=upsampling)
        found = run(grad_cam(images, LOGIT, params), classifier(network))
        aligned = {"align_corners": False} if upsampling == "bilinear" else {}
        large = functional.interpolate(theirs, (8, 8), mode=upsampling, **aligned)
        close(found.attributions, large)
        assert found.facts["grid"] == list(theirs.shape[2:])
        assert found.facts["layer"] == layer


def test_guided_grad_cam_is_captums():
    network, images = rectified(), pictures(2, BIG)
    params = GuidedGradCam(layer="relu2", upsampling="nearest")
    found = run(guided_grad_cam(images, LOGIT, params), classifier(network))
    words = {"layers": [network.relu2], "interpolate_mode": "nearest"}
    close(found.attributions, captums("GuidedGradCam", network, images, CLASSES, **words))
    assert found.facts["layer"] == "relu2"
    assert found.facts["rectifiers"] == 2


def test_the_default_layer_is_the_last_one_that_the_score_depends_on_somewhere():
    """Of a transformer, not the last block, which only the class token leaves."""
    images = pictures(2, BIG)
    assert default_layer(rectified(), images) == ("relu2", [4, 4])
    assert default_layer(residual(), images) == ("norm2", [4, 4])
    with torch.random.fork_rng(devices=[]):
        slim = drawn(SlimResNet(4, strided_stem=False))
    assert default_layer(slim, pictures(2, (3, 16, 16))) == ("layer4", [2, 2])
    name, grid = default_layer(transformer(), images)
    assert (name, grid) == ("encoder.layers.encoder_layer_2.ln_1", [2, 2])


class Attending(nn.Module):
    """One block whose attention [N, 1, 5, 5] a module of its own puts out, before a class token.

    Only the class token leaves it: of its layers, the norm is the last one with places.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 6))
        self.norm, self.attend, self.fc = nn.LayerNorm(6), nn.Softmax(-1), nn.Linear(6, 4)

    def forward(self, images):
        tokens = self.patch(images).flatten(2).transpose(1, 2)
        tokens = self.norm(torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1))
        heads = tokens[:, None]
        return self.fc((self.attend(heads @ heads.transpose(2, 3)) @ heads)[:, 0, 0])


def test_attention_between_tokens_is_not_taken_for_a_picture():
    with torch.random.fork_rng(devices=[]):
        network = drawn(Attending())
    assert default_layer(network, pictures(2, BIG)) == ("norm", [2, 2])


def test_a_layer_that_does_not_depend_on_the_picture_is_passed_over():
    """As what a module makes of the positions alone, before they are added."""

    class Positioned(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.positions = rectified(), nn.Conv2d(1, 3, 1)

        def forward(self, images):
            return self.inner(images) + self.positions(torch.ones_like(images[:, :1])).mean()

    with torch.random.fork_rng(devices=[]):
        network, images = drawn(Positioned()), pictures(2, BIG)
    assert default_layer(network, images) == ("inner.relu2", [4, 4])
    with pytest.raises(InvalidInputError, match="'positions' gives no single tensor that depends"):
        run(grad_cam(images, LOGIT, GradCam(layer="positions")), classifier(network))


def default_layer(network, images):
    found = run(grad_cam(images, LOGIT, GradCam(positive=False)), classifier(network))
    assert not found.facts["blank"]
    return found.facts["layer"], found.facts["grid"]


def test_what_follows_a_layer_in_place_leaves_its_map_alone():
    """A sum in place follows norm2; the map is of what norm2 gave."""
    network, images = residual(), pictures(2, BIG)
    found = run(grad_cam(images, LOGIT, GradCam(layer="norm2")), classifier(network))
    apart = residual()
    apart.norm2 = nn.Sequential(apart.norm2, nn.Dropout(0.5)).eval()
    expected = run(grad_cam(images, LOGIT, GradCam(layer="norm2.0")), classifier(apart))
    close(found.attributions, expected.attributions)


def test_a_layer_without_places_is_one_sentence():
    network, images = classifier(rectified()), pictures(2, BIG)
    with pytest.raises(InvalidInputError, match=r"'fc' gives \[2, 4\]"):
        run(grad_cam(images, LOGIT, GradCam(layer="fc")), network)
    with pytest.raises(UnknownNameError, match="no layer called 'conv9'"):
        run(grad_cam(images, LOGIT, GradCam(layer="conv9")), network)
    with pytest.raises(InvalidInputError, match="this network has none"):
        run(grad_cam(pictures(2), LOGIT, GradCam()), linear(W, B))


# --- relevance propagation ----------------------------------------------------------


def test_epsilon_relevance_is_captums():
    from captum.attr._utils.lrp_rules import EpsilonRule

    network, images = rectified(), pictures(2, BIG)
    for layer in network:
        layer.rule = EpsilonRule(1e-9)
    found = run(relevance(images, LOGIT, EPSILON), classifier(network))
    assert_close(found.attributions, captums("LRP", network, images, CLASSES), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("params", [EPSILON, Relevance(epsilon=1e-12)])
def test_relevance_is_conserved_without_biases(params):
    """The shares of the pixels add up to the score."""
    for network in (rectified(bias=False), residual(bias=False), residual(torch.relu, bias=False)):
        found = run(relevance(pictures(2, BIG), LOGIT, params), classifier(network))
        assert_close(found.facts["conserved"], found.values, rtol=1e-5, atol=1e-6)


def test_epsilon_relevance_without_biases_is_input_times_gradient():
    """Of ReLU networks, whose gradient times input is the output."""
    network, images = classifier(residual(torch.relu, bias=False)), pictures(2, BIG)
    found = run(relevance(images, LOGIT, EPSILON), network)
    plain = run(gradient(images, LOGIT), network)
    assert_close(found.attributions, images * plain.attributions, rtol=1e-6, atol=1e-8)


def test_the_composite_is_the_rules_of_the_papers_written_slowly():
    """Batch norm merged into the convolution, box at the pixels, gamma above it."""
    network, image, gamma = residual(), pictures(1, BIG), 0.25
    found = run(relevance(image, Logit(labels(1)), Relevance(epsilon=0)), classifier(network))
    close(found.attributions, slow_composite(network, image, 1, gamma))


def slow_composite(network, image, index, gamma):
    """Restate the rules for `Residual`, layer by layer, as sums over inputs of shares."""

    def merged(conv, norm):
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        bias = (conv.bias - norm.running_mean) * factor + norm.bias
        return conv.weight * factor.view(-1, 1, 1, 1), bias

    def shares(weight, bias, features, relevance, rule):
        height, width = features.shape[2:]
        padded = functional.pad(features, (1, 1, 1, 1))
        result = torch.zeros_like(padded)
        outputs = functional.conv2d(features, weight, bias, padding=1)
        for j in range(len(weight)):
            for y in range(height):
                for x in range(width):
                    patch = padded[0, :, y : y + 3, x : x + 3]
                    inside = torch.zeros_like(padded[0, :1])
                    inside[:, 1:-1, 1:-1] = 1
                    inside = inside[:, y : y + 3, x : x + 3]
                    terms, constant = rule(patch, weight[j] * inside, bias[j], outputs[0, j, y, x])
                    total = terms.sum() + constant
                    result[0, :, y : y + 3, x : x + 3] += terms / total * relevance[0, j, y, x]
        return result[:, :, 1:-1, 1:-1]

    def box(patch, weight, _bias, _output):
        return patch * weight - 1 * weight.clamp(max=0), 0.0

    def preferring(patch, weight, bias, output):
        terms = patch * weight
        favoured = terms.clamp(min=0) if output > 0 else terms.clamp(max=0)
        extra = bias.clamp(min=0) if output > 0 else bias.clamp(max=0)
        return terms + gamma * favoured, bias + gamma * extra

    stem, first, second = (
        merged(conv, norm)
        for conv, norm in (
            (network.stem, network.norm),
            (network.conv1, network.norm1),
            (network.conv2, network.norm2),
        )
    )
    at_stem = functional.silu(functional.conv2d(image, *stem, padding=1))
    features, places = functional.max_pool2d(at_stem, 3, 2, padding=1, return_indices=True)
    inner = functional.silu(functional.conv2d(features, *first, padding=1))
    left = functional.conv2d(inner, *second, padding=1)
    summed = functional.silu(left + features)
    pooled = summed.mean((2, 3))
    of_pooled = pooled * network.fc.weight[index] / 1
    of_summed = summed * (of_pooled / pooled)[..., None, None] / summed[0, 0].numel()
    of_left, of_features = (term / (left + features) * of_summed for term in (left, features))
    of_inner = shares(*second, inner, of_left, preferring)
    of_features = of_features + shares(*first, features, of_inner, preferring)
    of_stem = torch.zeros_like(at_stem).flatten(2)
    of_stem.scatter_add_(2, places.flatten(2), of_features.flatten(2))
    return shares(*stem, image, of_stem.view_as(at_stem), box)


def test_a_second_batch_norm_in_a_row_is_a_step_of_its_own():
    """Its shifts at zero, so that the shares of a ReLU network add up to the score."""
    network, images = residual(torch.relu), pictures(2, BIG)
    exact = Relevance(rules="epsilon", epsilon=1e-12)
    with torch.random.fork_rng(devices=[]):
        second = drawn(nn.BatchNorm2d(6), seed=5)
    network.norm1 = nn.Sequential(network.norm1, second)
    with torch.no_grad():
        for name, value in network.named_buffers():
            value.mul_(0 if name.endswith("mean") else 1)
        for name, value in network.named_parameters():
            value.mul_(0 if name.endswith("bias") else 1)
    found = run(relevance(images, LOGIT, exact), classifier(network))
    plain = run(gradient(images, LOGIT), classifier(network))
    assert_close(found.attributions, images * plain.attributions, rtol=1e-6, atol=1e-8)
    assert_close(found.facts["conserved"], found.values, rtol=1e-5, atol=1e-6)


def test_relevance_of_a_linear_model_is_its_terms():
    images = pictures(2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIZE, 4)).double()
    with torch.no_grad():
        network[1].weight.copy_(W)
    found = run(relevance(images, LOGIT, EPSILON), classifier(network))
    assert_close(found.attributions, images * W[CLASSES].view(2, *SHAPE), rtol=1e-6, atol=1e-6)


def test_a_network_beyond_the_rules_is_one_sentence():
    images = pictures(2, BIG)
    with pytest.raises(InvalidInputError, match="layer_norm"):
        run(relevance(images, LOGIT, EPSILON), classifier(transformer()))
    with pytest.raises(InvalidInputError, match="sigmoid, for which there is no one rule"):
        run(relevance(images, LOGIT, EPSILON), classifier(residual(torch.sigmoid)))
    with pytest.raises(InvalidInputError, match="rules must be one of composite, epsilon"):
        Relevance(rules="alpha")


class Branches(nn.Module):
    """Two stems side by side, or one whose picture goes around it, as in a residual block."""

    def __init__(self, *, around: bool) -> None:
        super().__init__()
        self.around = around
        self.first, self.second = (nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in "ab")
        self.fc = nn.Linear(3, 4, bias=False)

    def forward(self, images):
        beside = images if self.around else self.second(images)
        return self.fc(functional.relu(self.first(images) + beside).mean((2, 3)))


@pytest.mark.parametrize("params", [EPSILON, Relevance()])
@pytest.mark.parametrize("around", [True, False])
def test_a_picture_that_is_read_beside_the_first_layer_is_refused(params, around):
    """As RepVGG does: the shares of the other readers would be missing without a word."""
    with torch.random.fork_rng(devices=[]):
        network = drawn(Branches(around=around))
    with pytest.raises(InvalidInputError, match="whose first layer alone reads the picture"):
        run(relevance(pictures(2, BIG), LOGIT, params), classifier(network))


class Prepared(nn.Module):
    """A network whose first layer gets what a function makes of the picture."""

    def __init__(self, prepare, channels) -> None:
        super().__init__()
        self.prepare, self.fc = prepare, nn.Linear(5, 4, bias=False)
        self.conv = nn.Conv2d(channels, 5, 1, bias=False)

    def forward(self, images):
        return self.fc(functional.relu(self.conv(self.prepare(images))).mean((2, 3)))


def prepared(prepare, channels):
    with torch.random.fork_rng(devices=[]):
        return drawn(Prepared(prepare, channels))


LUMA = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(1, 3, 1, 1)
MIXED = {
    "blocks": (lambda x: x.view(-1, 3, 2, 4, 2, 4).permute(0, 3, 5, 1, 2, 4).flatten(1, 3), 48),
    "another order of channels": (lambda x: x[:, [2, 1, 0]], 3),
    "luma": (lambda x: (x * LUMA).sum(1, keepdim=True), 1),
    "neighbours' means": (lambda x: functional.avg_pool2d(x, 3, 1, 1), 3),
}


@pytest.mark.parametrize("params", [EPSILON, Relevance()])
@pytest.mark.parametrize("how", MIXED)
def test_a_first_layer_that_gets_the_picture_rearranged_or_mixed_is_refused(how, params):
    """As many numbers as pixels are not the pixels in their places."""
    with pytest.raises(InvalidInputError, match="a first layer that gets the picture itself"):
        run(relevance(pictures(2, BIG), LOGIT, params), classifier(prepared(*MIXED[how])))


def test_scaled_channels_and_their_mean_have_the_shares_of_their_pixels():
    """The mean's share is shared alike by the channels."""
    scales, images = torch.tensor([1.0, 2.0, 4.0]).double().view(1, 3, 1, 1), pictures(2, BIG)
    network = classifier(prepared(lambda x: x / scales, 3))
    found = run(relevance(images, LOGIT, EPSILON), network).attributions
    plain = run(gradient(images, LOGIT), network).attributions
    assert_close(found, images * plain, rtol=1e-6, atol=1e-8)
    grey = classifier(prepared(lambda x: x.mean(1, keepdim=True), 1))
    found = run(relevance(images, LOGIT, EPSILON), grey)
    assert_close(found.facts["conserved"], found.values, rtol=1e-5, atol=1e-6)
    close(found.attributions, found.attributions[:, :1].expand_as(images))


@pytest.mark.parametrize("name", INSIDE)
def test_each_call_is_counted_and_knows_how_many_there_are(name):
    """So that the time left is told; guided Grad-CAM makes one call for each factor."""
    told = []

    class Told(Classifier):
        def call(self, call):
            told.append(call.progress)
            return super().call(call)

    entry = explainers()[name]
    for words in ({}, {"baseline": "several"} if name == "deeplift" else {}):
        told.clear()
        params = entry.params(**words)
        run(entry.make(pictures(2, BIG), LOGIT, params, noise=Noise(0)), Told(residual()))
        assert {progress.total for progress in told} == {params.amount(8)}
        assert {progress.done for progress in told} == set(range(params.amount(8)))


# --- what all of them keep ------------------------------------------------------------

EVERY = {
    "guided": lambda images: guided_backprop(images, LOGIT),
    "deeplift": lambda images: deeplift(images, [black(images)], LOGIT),
    "epsilon": lambda images: relevance(images, LOGIT, EPSILON),
    "composite": lambda images: relevance(images, LOGIT, Relevance()),
}


class HalfBlind(nn.Module):
    """A residual network that never looks at the lower half of a picture."""

    def __init__(self):
        super().__init__()
        self.inner = residual()

    def forward(self, images):
        return self.inner(images[:, :, : images.shape[2] // 2])


@pytest.mark.parametrize("name", ["guided", "deeplift"])
def test_what_a_network_ignores_gets_nothing(name):
    found = run(EVERY[name](pictures(2, (3, 16, 8))), classifier(HalfBlind()))
    assert not found.attributions[:, :, 8:].any()
    assert found.attributions[:, :, :8].abs().max() > 1e-4


@pytest.mark.parametrize("name", ["epsilon", "composite"])
def test_relevance_of_an_ignored_channel_is_nothing(name):
    network = residual()
    with torch.no_grad():
        network.stem.weight[:, 1] = 0
    found = run(EVERY[name](pictures(2, BIG)), classifier(network)).attributions
    assert found[:, 1].abs().max() < 1e-12
    assert found[:, 0].abs().max() > 1e-4


@pytest.mark.parametrize("name", [*EVERY, "grad-cam"])
def test_a_map_does_not_depend_on_its_batch(name):
    network, images = classifier(residual()), pictures(2, BIG)
    one = Logit(CLASSES[1:])
    alone = {
        "guided": lambda image: guided_backprop(image, one),
        "deeplift": lambda image: deeplift(image, [black(image)], one),
        "epsilon": lambda image: relevance(image, one, EPSILON),
        "composite": lambda image: relevance(image, one, Relevance()),
        "grad-cam": lambda image: grad_cam(image, one, GradCam()),
    }
    together = {**EVERY, "grad-cam": lambda images: grad_cam(images, LOGIT, GradCam())}
    found = run(together[name](images), network)
    close(run(alone[name](images[1:]), network).attributions[0], found.attributions[1])


@pytest.mark.parametrize("name", [*EVERY, "grad-cam"])
def test_a_module_is_left_as_it_was(name):
    network, images = residual(), pictures(2, BIG)
    before = images.clone()
    make = {**EVERY, "grad-cam": lambda images: grad_cam(images, LOGIT, GradCam())}[name]
    run(make(images), classifier(network))
    assert torch.equal(images, before)
    assert not images.requires_grad
    for module in network.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())


class ByName(nn.Module):
    """A network in functions, whose inputs come first or by name: `F.conv2d(input=images)`."""

    def __init__(self, *, by_name: bool) -> None:
        super().__init__()
        self.by_name = by_name
        self.conv, self.norm, self.fc = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Linear(6, 4)

    def call(self, function, inputs, *rest, **words):
        return function(input=inputs, **words) if self.by_name else function(inputs, *rest)

    def forward(self, images):
        conv, norm, fc = self.conv, self.norm, self.fc
        features = self.call(
            functional.conv2d, images, conv.weight, conv.bias, weight=conv.weight, bias=conv.bias
        )
        told = {"running_mean": norm.running_mean, "running_var": norm.running_var}
        told |= {"weight": norm.weight, "bias": norm.bias}
        features = self.call(functional.batch_norm, features, *told.values(), **told)
        features = self.call(functional.relu, features)
        features = self.call(torch.max_pool2d, features, 2, kernel_size=2)
        features = self.call(torch.div, features, 2, other=2).mean((2, 3))
        return self.call(functional.linear, features, fc.weight, fc.bias, weight=fc.weight,
                         bias=fc.bias)  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_a_map_does_not_depend_on_how_functions_are_given_their_input(name):
    with torch.random.fork_rng(devices=[]):
        networks = [drawn(ByName(by_name=by_name)) for by_name in (False, True)]
    first, second = (run(EVERY[name](pictures(2, BIG)), classifier(each)) for each in networks)
    assert first.attributions.abs().max() > 1e-4
    close(second.attributions, first.attributions)


def test_deeplift_sees_products_whose_factors_are_given_by_name():
    class Squared(nn.Module):
        def forward(self, images):
            features = images.flatten(2).mean(2)
            return torch.mul(input=features, other=features.sigmoid())

    images = pictures(2)
    found = run(deeplift(images, [black(images)], LOGIT), classifier(Squared()))
    assert found.facts["completeness_error"].max() < 1e-12


def test_activations_in_place_are_followed_or_refused_in_one_sentence():
    images = pictures(2, BIG)
    plain = run(guided_backprop(images, LOGIT), classifier(residual(torch.relu)))
    in_place = residual(lambda features: functional.relu(features, inplace=True))
    close(run(guided_backprop(images, LOGIT), classifier(in_place)).attributions,
          plain.attributions)  # fmt: skip

    def forgotten(features):
        features.relu_()
        return features

    def squared(features):
        features.mul_(features.sigmoid())
        return features

    with pytest.raises(InvalidInputError, match="relies on changing a tensor in place"):
        run(EVERY["deeplift"](images), classifier(residual(squared)))
    for procedure in (EVERY["guided"], EVERY["deeplift"], EVERY["epsilon"]):
        with pytest.raises(InvalidInputError, match="relies on changing a tensor in place"):
            run(procedure(images), classifier(residual(forgotten)))


def test_a_unit_of_a_layer_is_refused():
    unit, images = Unit("conv2", labels(1, 1)), pictures(2, BIG)
    for procedure in (
        guided_backprop(images, unit),
        grad_cam(images, unit, GradCam()),
        relevance(images, unit, EPSILON),
    ):
        with pytest.raises(InvalidInputError, match="got a unit of 'conv2'"):
            run(procedure, classifier(rectified()))
