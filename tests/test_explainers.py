"""Every explainer that asks queries alone: theorems, and Captum or the paper restated slowly."""

import pytest
import torch
from explainer_toys import FEW, PURE, begin
from torch.testing import assert_close
from toys import SHAPE, SIZE, Listening, Quadratic, convolutional, labels, linear, normal, pictures

from advviz.errors import InvalidInputError
from advviz.experiments.explainer_choice import FIRST
from advviz.explain import parameters
from advviz.explain.baselines import baseline
from advviz.explain.catalogue import explainers
from advviz.explain.expected_gradients import expected_gradients
from advviz.explain.integrated_gradients import integrated_gradients, nodes
from advviz.explain.occlusion import occlusion
from advviz.explain.parameters import BASELINES, RULES
from advviz.explain.rise import drawn, rise
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit, Probability, away_from, towards
from advviz.protocol import run

W, B = normal(4, SIZE, seed=1), normal(4, seed=2)
IMAGES, CLASSES = pictures(3), labels(0, 2, 1)
NOISE = Noise(5)
TAKEN_FROM = {
    "gradient": lambda images: torch.ones_like(images),
    "smoothgrad": lambda images: torch.ones_like(images),
    "input-x-gradient": lambda images: images,
    "integrated-gradients": lambda images: images,
}
"""What the map of w · x + b is w times, at the default baseline."""


def explained(name, network, images=IMAGES, classes=CLASSES, **words):
    return run(begin(name, images, Logit(classes), **words), network)


# --- all of them ------------------------------------------------------------------


@pytest.mark.parametrize("name", PURE)
def test_a_pixel_that_the_network_does_not_look_at_gets_nothing(name):
    """Of a linear model without weights for the lower half; a window or a mask may reach over.

    So for those that hide places the lower half is far away from any pixel that matters.
    """
    weight = W.view(4, *SHAPE).clone()
    weight[:, :, 1:] = 0
    found = explained(name, linear(weight.flatten(1), B)).attributions
    far = found[:, :, 2:]
    if name == "rise":  # chance decides, with masks that hide both halves at once
        assert far.abs().mean() < found[:, :, :1].abs().mean()
        return
    assert far.abs().max() < 1e-12
    assert found[:, :, :1].abs().max() > 0.1


@pytest.mark.parametrize("name", PURE)
def test_a_map_does_not_depend_on_its_batch(name):
    """Nor do the facts beside it."""
    network = convolutional()
    together = explained(name, network)
    for row in range(3):
        one = slice(row, row + 1)
        alone = explained(name, network, IMAGES[one], CLASSES[one])
        assert_close(alone.attributions[0], together.attributions[row], rtol=0, atol=1e-12)
        assert alone.facts.keys() == together.facts.keys()
        for fact, values in alone.facts.items():
            assert_close(values[0], together.facts[fact][row], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PURE)
def test_values_and_logits_are_exact_and_of_the_image_itself(name):
    heard = Listening(convolutional())
    found = explained(name, heard)
    assert_close(found.logits, heard.classifier.module(IMAGES))
    assert_close(found.values, found.logits.gather(1, CLASSES[:, None])[:, 0])
    assert heard.queries[-1].exact


@pytest.mark.parametrize("name", [name for name in PURE if name not in FIRST])
@pytest.mark.parametrize("baseline", ["black", "several"])
def test_the_progress_counts_what_the_parameters_say(name, baseline):
    """So that the time left is told from the first steps on."""
    words = {"baseline": baseline} if name == "integrated-gradients" else {}
    heard = Listening(convolutional())
    explained(name, heard, **words)
    told = [query.progress for query in heard.queries if query.progress]
    params = explainers()[name].params(**FEW.get(name, {}) | words)
    assert {progress.total for progress in told} == {params.amount(SHAPE[1])}
    done = [progress.done for progress in told]
    assert done == sorted(set(done))
    assert done[0] == 0


@pytest.mark.parametrize("name", TAKEN_FROM)
def test_the_map_of_a_linear_model_is_known(name):
    """Its weight, or its weight times the way from black."""
    expected = W[CLASSES].view_as(IMAGES) * TAKEN_FROM[name](IMAGES)
    assert_close(explained(name, linear(W, B)).attributions, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("objective", [Logit(CLASSES), towards(CLASSES), Probability(CLASSES)])
def test_input_times_gradient_is_captums(objective):
    """Of a logit, and of the scores that other explainers make of the cross-entropy."""
    from captum.attr import InputXGradient

    network = convolutional()
    theirs = InputXGradient(lambda images: objective.values(network.module(images))).attribute(
        IMAGES.clone().requires_grad_()
    )
    ours = run(begin("input-x-gradient", IMAGES, objective), network)
    assert_close(ours.attributions, theirs, rtol=0, atol=1e-12)


def test_the_probability_is_the_softmax_in_either_direction():
    logits = normal(3, 4)
    share = logits.softmax(1).gather(1, CLASSES[:, None])[:, 0]
    assert_close(Probability(CLASSES).values(logits), share)
    assert_close(Probability(CLASSES, raised=False).values(logits), -share)
    rows = torch.tensor([2, 0])
    assert_close(Probability(CLASSES).select(rows).values(logits[rows]), share[rows])


# --- baselines ---------------------------------------------------------------------


def test_baselines_are_pictures_of_their_own_image():
    """In [0, 1], and those that have no edges of the image have none of it."""
    image = torch.zeros(1, 3, 20, 20, dtype=torch.float64)
    image[:, :, :, 10:] = 1
    made = {name: baseline(name, image, noise=NOISE) for name in BASELINES}
    for found in made.values():
        assert found.shape == image.shape
        assert 0 <= found.min() <= found.max() <= 1
    assert made["black"].max() == 0
    assert made["white"].min() == 1
    assert_close(made["mean"], torch.full_like(image, 0.5))
    steps = made["blurred"].diff(dim=-1)
    assert steps.min() > -1e-12
    assert steps.max() < 0.25
    assert made["noise"].std() == pytest.approx(12**-0.5, abs=0.02)
    flat = torch.full_like(image, 0.3)
    assert_close(baseline("blurred", flat, noise=NOISE), flat)
    with pytest.raises(InvalidInputError, match=r"baseline must be one of black, .*got 'grey'"):
        baseline("grey", image, noise=NOISE)


# --- integrated gradients ------------------------------------------------------------

CAPTUMS = {
    "gauss-legendre": "gausslegendre",
    "trapezoid": "riemann_trapezoid",
    "riemann-left": "riemann_left",
    "riemann-middle": "riemann_middle",
    "riemann-right": "riemann_right",
}


@pytest.mark.parametrize("name", ["black", "blurred", "noise"])
@pytest.mark.parametrize("rule", RULES)
def test_integrated_gradients_are_captums(rule, name):
    """With every rule; Captum's trapezoid is short by one point of n, as its weights are."""
    from captum.attr import IntegratedGradients

    network, steps = convolutional(), 13
    params = parameters.IntegratedGradients(baseline=name, steps=steps, quadrature=rule)
    ours = run(integrated_gradients(IMAGES, Logit(CLASSES), params, noise=NOISE), network)
    theirs = IntegratedGradients(network.module).attribute(
        IMAGES.clone(), baseline(name, IMAGES, noise=NOISE).clone(), CLASSES,
        n_steps=steps, method=CAPTUMS[rule],
    )  # fmt: skip
    if rule == "trapezoid":
        theirs = theirs * steps / (steps - 1)
    assert_close(ours.attributions, theirs, rtol=0, atol=1e-6)  # its weights are float32


@pytest.mark.parametrize("objective", [Logit(CLASSES), towards(CLASSES), away_from(CLASSES)])
def test_integrated_gradients_add_up_to_the_difference(objective):
    """Completeness, from every baseline and from all at once, and the error is what is told."""
    network = convolutional()
    for name in (*BASELINES, "several"):
        params = parameters.IntegratedGradients(baseline=name, steps=40)
        found = run(integrated_gradients(IMAGES, objective, params, noise=NOISE), network)
        named = BASELINES if name == "several" else (name,)
        logits = [network.module(baseline(each, IMAGES, noise=NOISE)) for each in named]
        before = sum(objective.values(each) for each in logits) / len(logits)
        added = found.attributions.sum((1, 2, 3))
        assert_close(found.facts["difference"], found.values - before)
        assert_close(added, found.facts["difference"], rtol=0, atol=1e-3)
        assert_close(found.facts["completeness_error"], (added - found.facts["difference"]).abs())


def test_two_points_are_exact_on_a_quadratic():
    """Gauss and Legendre's n points integrate polynomials up to degree 2n − 1."""
    matrix = normal(SIZE, SIZE, seed=3)
    network = Classifier(Quadratic(matrix + matrix.T, normal(SIZE, seed=4)))
    params = parameters.IntegratedGradients(steps=2)
    found = run(integrated_gradients(IMAGES, Logit(labels(0, 0, 0)), params, noise=NOISE), network)
    assert found.facts["completeness_error"].max() < 1e-10
    rough = parameters.IntegratedGradients(steps=2, quadrature="riemann-left")
    other = run(integrated_gradients(IMAGES, Logit(labels(0, 0, 0)), rough, noise=NOISE), network)
    assert other.facts["completeness_error"].min() > 1e-3


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("steps", [2, 9, 50])
def test_the_weights_of_a_rule_add_up_to_one(rule, steps):
    places, weights = nodes(rule, steps)
    assert len(places) == len(weights) == steps
    assert sum(weights) == pytest.approx(1, abs=1e-12)
    assert 0 <= min(places) <= max(places) <= 1


# --- Expected Gradients -----------------------------------------------------------------


class Replayed:
    """Numbers that a peer has drawn: which reference, and how far along the way [samples, N]."""

    def __init__(self, references, shares):
        self.references, self.shares = references, shares

    def streams(self, images):
        assert len(images) == self.shares.shape[1]
        return self

    def uniforms(self, count, purpose, draw=0):
        assert (count, purpose) == (2, "expected gradients")
        return torch.stack([self.references[draw], self.shares[draw]], 1)


def test_expected_gradients_are_captums_at_the_same_points():
    """Its GradientShap without noise; the points that it asks about are overheard."""
    from captum.attr import GradientShap

    network, heard, samples, one = convolutional(), [], 11, pictures(1, seed=8)

    def overheard(images):
        heard.append(images.detach())
        return network.module(images)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = GradientShap(overheard).attribute(
            IMAGES.clone(), one.clone(), n_samples=samples, stdevs=0.0, target=CLASSES
        )
    points = torch.cat(heard).view(3, samples, *SHAPE)
    shares = ((points - one) / (IMAGES[:, None] - one))[:, :, 0, 0, 0].T.contiguous()
    assert shares.std() > 0.1
    params = parameters.ExpectedGradients(samples=samples)
    ours = run(
        expected_gradients(
            IMAGES, Logit(CLASSES), params,
            noise=Replayed(torch.zeros_like(shares), shares), references=one,
        ),
        network,
    )  # fmt: skip
    assert_close(ours.attributions, theirs, rtol=0, atol=1e-6)  # its shares are float32


def test_expected_gradients_are_the_mean_over_the_references_that_were_drawn():
    """Restated one point at a time."""
    network, references, samples = convolutional(), pictures(4, seed=8), 10
    params = parameters.ExpectedGradients(samples=samples)
    found = run(
        expected_gradients(IMAGES, Logit(CLASSES), params, noise=NOISE, references=references),
        network,
    )
    used = set()
    for row, (image, number) in enumerate(zip(IMAGES, CLASSES.tolist(), strict=True)):
        stream, total = NOISE.streams(image[None]), torch.zeros(SHAPE, dtype=torch.float64)
        for draw in range(samples):
            which, share = stream.uniforms(2, "expected gradients", draw)[0].tolist()
            used.add(int(4 * which))
            reference = references[int(4 * which)]
            point = (reference + share * (image - reference)).requires_grad_()
            (gradient,) = torch.autograd.grad(network.module(point[None])[0, number], point)
            total += (image - reference) * gradient / samples
        assert_close(found.attributions[row], total, rtol=0, atol=1e-12)
    assert used == {0, 1, 2, 3}


def test_expected_gradients_come_to_add_up():
    """Their error falls with the number of samples; from one picture to itself there is none."""
    network, references = convolutional(), pictures(4, seed=8)
    errors = []
    for samples in (4, 2000):
        params = parameters.ExpectedGradients(samples=samples)
        search = expected_gradients(
            IMAGES, Logit(CLASSES), params, noise=NOISE, references=references
        )
        errors.append(run(search, network).facts["completeness_error"].mean())
    assert errors[1] < errors[0] / 4
    same = expected_gradients(
        IMAGES[:1], Logit(CLASSES[:1]), params, noise=NOISE, references=IMAGES[:1]
    )
    assert run(same, network).attributions.abs().max() == 0


# --- occlusion ----------------------------------------------------------------------------

LARGER = (3, 9, 9)


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (3, 2), (4, 3), (4, 4), (9, 1), (5, 5)])
@pytest.mark.parametrize("name", ["black", "white", "mean"])
def test_occlusion_is_captums(window, stride, name):
    """Also where the last window ends at the border."""
    from captum.attr import Occlusion

    network, images = convolutional(), pictures(3, LARGER)
    hidden = baseline(name, images, noise=NOISE)
    theirs = Occlusion(network.module).attribute(
        images.clone(), (3, window, window), (3, stride, stride), hidden.clone(), CLASSES
    )
    params = parameters.Occlusion(window=window, stride=stride, baseline=name)
    ours = run(occlusion(images, Logit(CLASSES), params, noise=NOISE), network).attributions
    # It adds up in float32.
    assert_close(ours.expand_as(theirs), theirs.double(), rtol=0, atol=1e-6)


def test_occluding_single_pixels_of_a_linear_model_takes_their_share():
    """The sum over channels of w · x."""
    params = parameters.Occlusion(window=1, stride=1)
    found = run(occlusion(IMAGES, Logit(CLASSES), params, noise=NOISE), linear(W, B))
    shares = (W[CLASSES].view_as(IMAGES) * IMAGES).sum(1, keepdim=True)
    assert_close(found.attributions, shares, rtol=0, atol=1e-12)


def test_a_window_follows_the_size_of_the_picture_and_leaves_no_gap():
    auto = parameters.Occlusion()
    assert auto.resolved(64) == parameters.Occlusion(window=8, stride=4)
    assert auto.resolved(4) == parameters.Occlusion(window=1, stride=1)
    for wrong, words in (
        ({"window": 10}, r"window must lie in \[1, 9\]"),
        ({"window": 2, "stride": 3}, "stride must be at most the window, 2,"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            parameters.Occlusion(**wrong).resolved(9)
    with pytest.raises(InvalidInputError, match="at most 10000 windows are tried, got 50176"):
        parameters.Occlusion(window=1, stride=1).resolved(224)


# --- RISE ---------------------------------------------------------------------------------


@pytest.mark.parametrize("centred", [False, True])
def test_rise_is_the_paper_restated_one_mask_at_a_time(centred):
    """A grid, enlarged by torch's bilinear, cut out at its place, weighted by the probability."""
    network, size, cells, kept, masks = convolutional(), 9, 4, 0.4, 70
    images = pictures(3, LARGER)
    params = parameters.RISE(masks=masks, cells=cells, kept=kept, centred=centred)
    found = run(rise(images, Probability(CLASSES), params, noise=NOISE), network)
    side = 3  # ceil(9 / 4)
    for row, (image, number) in enumerate(zip(images, CLASSES.tolist(), strict=True)):
        stream, weighted, visible, scores = NOISE.streams(image[None]), 0, 0, 0
        for draw in range(masks):
            numbers = stream.uniforms(cells**2 + 2, "RISE", draw)[0]
            grid = (numbers[:-2] < kept).double().view(1, 1, cells, cells)
            large = torch.nn.functional.interpolate(
                grid, size=((cells + 1) * side,) * 2, mode="bilinear"
            )[0, 0]
            down, across = (side * numbers[-2:]).long().tolist()
            mask = large[down : down + size, across : across + size]
            score = network.module((image * mask)[None]).softmax(1)[0, number]
            weighted, visible = weighted + score * mask, visible + mask
            scores = scores + score
        expected = weighted / (masks * kept)
        if centred:
            expected = expected - scores / masks * visible / (masks * kept)
        assert_close(found.attributions[row, 0], expected, rtol=0, atol=1e-12)


def test_masks_leave_the_share_visible_that_they_are_told():
    """Everywhere: no place is hidden more often than another."""
    numbers = Noise(0).streams(pictures(1)).uniforms(4000 * 27, "masks").view(4000, 27)
    masks = drawn(numbers, parameters.RISE(cells=5, kept=0.3), 16)
    assert masks.shape == (4000, 16, 16)
    assert 0 <= masks.min() <= masks.max() <= 1
    assert_close(masks.mean(0), torch.full((16, 16), 0.3).double(), rtol=0, atol=0.03)


def test_rise_finds_the_only_pixel_that_matters():
    """And centred, it is near nothing elsewhere."""
    weight = torch.zeros(2, 3, 12, 12, dtype=torch.float64)
    weight[0, :, 2:4, 7:9] = 1
    image = torch.ones(1, 3, 12, 12, dtype=torch.float64)
    params = parameters.RISE(masks=3000, cells=6)
    found = run(rise(image, Logit(labels(0)), params, noise=NOISE), linear(weight.flatten(1)))
    map_ = found.attributions[0, 0]
    down, across = divmod(int(map_.argmax()), 12)
    assert (down, across) in [(d, a) for d in (2, 3) for a in (7, 8)]
    assert map_[8:, :4].abs().max() < map_.max() / 8
