"""Insertion, deletion, infidelity and sensitivity where their values are known, and Captum's."""

import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max as captum_sensitivity
from torch.testing import assert_close
from toys import (
    SHAPE,
    SIZE,
    InParts,
    Listening,
    binary,
    convolutional,
    labels,
    linear,
    normal,
    pictures,
)

from advviz.errors import InvalidInputError
from advviz.explain.curves import normalized_area, normalized_areas
from advviz.explain.faithfulness import CurveParams, insertion_deletion, pixel_order
from advviz.explain.gradient import Explanation, gradient
from advviz.explain.infidelity import Change, gaussian_changes, infidelity, square_changes
from advviz.explain.replacements import REPLACEMENTS, replacement
from advviz.explain.sensitivity import nearby, sensitivity_max
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.protocol import Query, run

PIXELS = 16
W = normal(SIZE, seed=1)
B = 0.3
MARGIN = binary(W, B)
"""Its margin of class 1 is w · x + b."""


def maps_of(count: int, many: int) -> torch.Tensor:
    return normal(count, many, *SHAPE, seed=5)


def curves(network, images, maps, classes, empty, **params):
    told = CurveParams(**params)
    return run(insertion_deletion(images, maps, classes, empty, told, noise=Noise(0)), network)


# --- insertion and deletion ----------------------------------------------------------


@pytest.mark.parametrize("ranked", ["magnitude", "signed"])
@pytest.mark.parametrize("steps", [1, 3, 5, 16])
def test_the_curves_are_those_of_a_slow_restatement(ranked, steps):
    """Petsiuk et al.: one picture at a time, one pixel after the other."""
    network, images, maps = convolutional(4), pictures(3), maps_of(3, 2)
    classes, empty = labels(0, 3, 1), pictures(3, seed=9)
    found = curves(network, images, maps, classes, empty, steps=steps, ranked=ranked)
    counts = [step * PIXELS // steps for step in range(steps + 1)]
    assert_close(found.fractions, torch.tensor(counts).double() / PIXELS)
    for n in range(3):
        for m in range(2):
            score = maps[n, m].abs().sum(0) if ranked == "magnitude" else maps[n, m].sum(0)
            order = sorted(range(PIXELS), key=lambda pixel: -float(score.flatten()[pixel]))
            for point, count in enumerate(counts):
                put, out = empty[n].clone(), images[n].clone()
                for pixel in order[:count]:
                    place = (slice(None), pixel // 4, pixel % 4)
                    put[place], out[place] = images[n][place], empty[n][place]
                for picture, seen in ((put, found.insertion), (out, found.deletion)):
                    logits = network.answer(Query(picture[None], gradient=False)).logits[0]
                    others = torch.cat([logits[: classes[n]], logits[classes[n] + 1 :]])
                    assert_close(seen.softmax[n, m, point], logits.softmax(0)[classes[n]])
                    assert_close(seen.margin[n, m, point], logits[classes[n]] - others.max())


def test_no_order_beats_the_contributions_of_a_linear_model():
    """The rearrangement inequality: the margin's gain is a running sum of contributions."""
    images, empty = pictures(1), pictures(1, seed=9)
    contributions = (W.view(1, *SHAPE) * (images - empty))[:, None]
    told = {"steps": PIXELS, "ranked": "signed"}
    best = curves(MARGIN, images, contributions, labels(1), empty, **told)
    gains = contributions.sum(2).flatten().sort(descending=True).values
    running = torch.cat([gains.new_zeros(1), gains.cumsum(0)])
    assert_close(best.insertion.margin[0, 0], best.empty.margin + running)
    others = curves(MARGIN, images, maps_of(1, 50), labels(1), empty, **told)
    assert bool((others.insertion.margin <= best.insertion.margin + 1e-12).all())
    assert bool((others.deletion.margin >= best.deletion.margin - 1e-12).all())


def test_the_two_normalized_areas_of_a_linear_model_add_up_to_one():
    """What one order puts in, the other takes out: the two margins mirror each other."""
    images, empty = pictures(4), pictures(4, seed=9)
    found = curves(MARGIN, images, maps_of(4, 3), labels(1, 1, 0, 0), empty, steps=7)
    ends = (found.fractions, found.empty.margin, found.full.margin, -torch.inf)
    total = normalized_area(found.insertion.margin, *ends)
    total = total + normalized_area(found.deletion.margin, *ends)
    assert_close(total, torch.ones_like(total))


def test_a_straight_line_has_half_the_area_and_no_gap_has_none():
    """(area − empty) / (full − empty); nan where the empty picture answers as well."""
    fractions = torch.tensor([0.0, 0.25, 1.0])
    empty, full = torch.tensor([0.2, 0.5]), torch.tensor([0.8, 0.5])
    line = empty[:, None, None] + (full - empty)[:, None, None] * fractions
    found = normalized_area(line, fractions, empty, full, 0.05)
    assert_close(found[0, 0], torch.tensor(0.5))
    assert bool(found[1].isnan().all())


def test_equal_pixels_stand_in_an_order_of_the_image_alone():
    """Not in reading order; the same for all maps of an image, and of a pixel's own worth first."""
    images = pictures(2)
    flat = torch.ones(2, 2, *SHAPE, dtype=torch.float64)
    flat[:, 1, :, 2, 3] = 2
    order = pixel_order(flat, "magnitude", Noise(0), images)
    assert order[0, 0].tolist() != list(range(PIXELS))
    assert sorted(order[0, 0].tolist()) == list(range(PIXELS))
    assert order[0, 0].tolist() != order[1, 0].tolist()
    assert order[:, 1, 0].tolist() == [11, 11]
    rest = [pixel for pixel in order[0, 0].tolist() if pixel != 11]
    assert order[0, 1, 1:].tolist() == rest
    alone = pixel_order(flat[1:], "magnitude", Noise(0), images[1:])
    assert torch.equal(alone, order[1:])


def test_the_curves_ask_forward_only_exactly_and_share_their_ends():
    """All maps of an image and all points of a curve travel together."""
    listening = Listening(convolutional(4))
    found = curves(
        listening, pictures(2), maps_of(2, 3), labels(0, 1), pictures(2, seed=9), steps=4
    )
    assert all(not query.gradient and query.exact for query in listening.queries)
    assert [len(query.images) for query in listening.queries] == [4, 18, 18]
    parts = curves(
        InParts(convolutional(4), 5),
        pictures(2),
        maps_of(2, 3),
        labels(0, 1),
        pictures(2, seed=9),
        steps=4,
    )
    assert_close(parts.insertion.softmax, found.insertion.softmax)
    assert {name for name, _ in normalized_areas(found)} == {
        "insertion",
        "insertion margin",
        "deletion",
        "deletion margin",
    }


def test_replacements_are_pictures_of_what_they_say():
    """Each in [0, 1]; a plain picture stays as it is under a blur, a mean of itself too."""
    images = pictures(2, (3, 8, 8))
    for name in REPLACEMENTS:
        made = replacement(name, images, Noise(0))
        assert made.shape == images.shape
        assert 0 <= float(made.min()) <= float(made.max()) <= 1
        assert torch.equal(made[1:], replacement(name, images[1:], Noise(0)))
    plain = torch.full_like(images, 0.3)
    for name in ("blurred", "mean"):
        assert_close(replacement(name, plain, Noise(0)), plain)
    with pytest.raises(InvalidInputError, match="black, white, blurred, mean, noise"):
        replacement("grey", images, Noise(0))


@pytest.mark.parametrize(
    ("maps", "complaint"),
    [(normal(2, *SHAPE), "shape"), (torch.full((2, 1, *SHAPE), torch.nan), "finite")],
)
def test_maps_that_rank_nothing_are_refused(maps, complaint):
    """In one sentence, before anything is asked."""
    with pytest.raises(InvalidInputError, match=complaint):
        curves(MARGIN, pictures(2), maps, labels(0, 1), pictures(2), steps=2)


# --- infidelity ----------------------------------------------------------------------


def test_infidelity_is_captums():
    """Of the same changes, plain and with the best factor; several maps at once."""
    network, images, maps = convolutional(4), pictures(3), maps_of(3, 2)
    classes = labels(0, 3, 1)
    changes = list(gaussian_changes(images, 0.3, 7, noise=Noise(4)))
    found = run(infidelity(images, maps, Logit(classes), changes), network)
    taken = torch.stack([change.weights for change in changes], 1).flatten(0, 1)
    for m in range(2):
        for normalize, mine in ((False, found.plain), (True, found.scaled)):
            theirs = captum_infidelity(
                network.module,
                lambda inputs: (taken, inputs - taken),
                images,
                maps[:, m],
                target=classes,
                n_perturb_samples=7,
                normalize=normalize,
            )
            assert_close(mine[:, m], theirs)


def test_the_gradient_of_a_linear_model_predicts_every_change():
    """Infidelity 0; twice the gradient is as good in proportion, and predicts twice too much."""
    images, classes = pictures(3), labels(1, 0, 1)
    network = linear(normal(2, SIZE, seed=3))
    own = run(gradient(images, Logit(classes)), network).attributions
    maps = torch.stack([own, 2 * own, torch.zeros_like(own)], 1)
    changes = list(gaussian_changes(images, 0.5, 20, noise=Noise(1)))
    found = run(infidelity(images, maps, Logit(classes), changes), network)
    zero = torch.zeros(3, dtype=torch.float64)
    assert_close(found.plain[:, 0], zero)
    assert_close(found.unexplained[:, 1], zero)
    assert_close(found.plain[:, 1], found.plain[:, 2])
    assert_close(found.unexplained[:, 2], zero + 1)


def test_a_multiplied_map_is_weighed_by_the_share_taken_away():
    """On a linear model input × gradient over an empty picture predicts squares exactly, too."""
    images, classes = pictures(2, (3, 8, 8)), labels(1, 0)
    weight = normal(2, 192, seed=3)
    own = weight[classes].view(2, 3, 8, 8)
    empty = pictures(2, (3, 8, 8), seed=7)
    maps = torch.stack([own, own * (images - empty)], 1)
    told = {"noise": Noise(2), "multiplied": (False, True)}
    changes = list(square_changes(images, empty, 12, **told))
    found = run(infidelity(images, maps, Logit(classes), changes), linear(weight))
    assert_close(found.plain, torch.zeros_like(found.plain))
    places = {tuple(change.weights[0, 1, 0].nonzero()[0].tolist()) for change in changes}
    assert len(places) > 3
    assert all(float(change.weights[0, 1, 0].sum()) == 4 for change in changes)


def test_a_score_that_never_changes_leaves_nothing_to_explain():
    """nan, not 0: no map was tested."""
    images = pictures(1)
    changes = [Change(images.clone(), torch.ones_like(images))]
    found = run(infidelity(images, maps_of(1, 1), Logit(labels(0)), changes), convolutional())
    assert bool(found.unexplained.isnan().all())
    with pytest.raises(InvalidInputError, match="at least one change"):
        run(infidelity(images, maps_of(1, 1), Logit(labels(0)), []), convolutional())


# --- sensitivity ---------------------------------------------------------------------


def test_sensitivity_is_captums():
    """Of the same nearby pictures, for the gradient of a network with curvature."""
    network, images, classes = convolutional(4), pictures(3), labels(0, 3, 1)
    near = list(nearby(images, 0.05, 6, noise=Noise(3)))
    found = run(sensitivity_max(images, Logit(classes), gradient, near), network)

    def explained(inputs, target):
        batch = inputs[0] if isinstance(inputs, tuple) else inputs
        return (run(gradient(batch, Logit(target)), network).attributions,)

    theirs = captum_sensitivity(
        explained,
        images,
        perturb_func=lambda _: torch.stack(near, 1).flatten(0, 1),
        n_perturb_samples=6,
        target=classes,
    )
    assert_close(found, theirs)
    assert float(found.min()) > 0


def test_the_gradient_of_a_linear_model_moves_nowhere_and_nearby_pictures_are_near():
    """Sensitivity 0; and pictures within the radius, uniform in it, in [0, 1]."""
    images, classes = pictures(2), labels(1, 0)
    near = list(nearby(images, 0.1, 40, noise=Noise(3)))
    found = run(sensitivity_max(images, Logit(classes), gradient, near), linear(normal(2, SIZE)))
    assert_close(found, torch.zeros_like(found))
    moves = torch.stack(near) - images
    assert float(moves.abs().max()) <= 0.1
    assert 0 <= float(torch.stack(near).min()) <= float(torch.stack(near).max()) <= 1
    middle = (images - 0.5).abs() < 0.4
    assert float(moves[:, middle].std()) == pytest.approx(0.1 / 3**0.5, rel=0.1)


def test_a_map_of_zeros_is_not_divided_by_itself():
    """Captum's rule."""

    def nothing(images, objective):
        answer = yield Query(images, objective, gradient=False)
        return Explanation(torch.zeros_like(images), answer.values, answer.logits)

    images = pictures(2)
    near = list(nearby(images, 0.1, 2, noise=Noise(0)))
    found = run(sensitivity_max(images, Logit(labels(0, 1)), nothing, near), convolutional())
    assert torch.equal(found, torch.zeros_like(found))
