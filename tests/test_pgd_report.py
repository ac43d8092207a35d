"""What an attack tells of itself, and what it refuses to begin with."""

import io

import numpy as np
import pytest
import torch
from attack_toys import W, asked, attack, norms
from PIL import Image
from torch.testing import assert_close
from toys import Listening, binary, central, convolutional, labels, pictures

from advviz.attacks.pgd import PGDParams
from advviz.errors import InvalidInputError
from advviz.objectives import away_from, towards
from advviz.pictures import photo, png
from advviz.protocol import run
from advviz.threat_models import L2Ball, threat_model

# --- history ------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [1, 2])
def test_the_history_has_an_entry_for_every_step_and_the_start(restarts):
    """T = steps + 1; curves and pictures agree with each other."""
    network, images = convolutional(), pictures(3)
    classes = labels(0, 1, 2)
    found = attack(
        network, images, towards(classes), L2Ball(0.5),
        step_size=0.1, steps=6, random_start=True, restarts=restarts, record="pictures",
    )  # fmt: skip
    seen = found.history
    assert seen.objective.shape == seen.distance.shape == seen.scores.shape == (7, 3)
    assert seen.probabilities.shape == (7, 3, 3)
    assert seen.pictures.shape == (7, *images.shape)
    for step in range(7):
        logits = run(asked(seen.pictures[step]), network)
        close = {"rtol": 0, "atol": 1e-12}
        assert_close(seen.probabilities[step], logits.softmax(1), **close)
        assert_close(seen.objective[step], logits.log_softmax(1)[range(3), classes], **close)
        assert_close(seen.distance[step], L2Ball(0.5).distance(images, seen.pictures[step]))
        assert (seen.distance[step] <= 0.5).all()
    assert (seen.pictures == found.images).flatten(2).all(2).any(0).all(), "the result is in it"


def test_without_a_random_start_the_history_begins_at_the_image():
    """Distance 0."""
    images = pictures(2)
    found = attack(
        convolutional(), images, towards(labels(0, 1)), L2Ball(0.5),
        step_size=0.1, steps=2, record="pictures",
    )  # fmt: skip
    assert torch.equal(found.history.pictures[0], images)
    assert found.history.distance[0].tolist() == [0, 0]


def test_first_success_is_the_first_step_past_the_goal():
    """On a line it can be counted: a margin of 0.35 at steps of 0.1 takes 4."""
    image = central(1)
    weight = W / W.norm()
    network = binary(weight, bias=-float(weight @ image.flatten()) - 0.35)
    found = attack(network, image, towards(labels(1)), L2Ball(0.9), step_size=0.1, steps=8)
    assert found.history.first_success().tolist() == [4]
    never = attack(network, image, towards(labels(1)), L2Ball(0.3), step_size=0.1, steps=8)
    assert never.history.first_success().tolist() == [-1]
    solved = attack(network, image, towards(labels(0)), L2Ball(0.3), step_size=0.1, steps=8)
    assert solved.history.first_success().tolist() == [0]


@pytest.mark.parametrize("record", ["nothing", "curves", "pictures"])
def test_what_is_recorded_is_what_was_asked_for(record):
    """And it does not change the attack."""
    network, images = convolutional(), pictures(2)
    words = {"step_size": 0.1, "steps": 3}
    found = attack(network, images, towards(labels(0, 1)), L2Ball(0.5), record=record, **words)
    plain = attack(network, images, towards(labels(0, 1)), L2Ball(0.5), **words)
    assert torch.equal(found.images, plain.images)
    assert (found.history is None) == (record == "nothing")
    assert (found.history is not None and found.history.pictures is not None) == (
        record == "pictures"
    )


# --- truth --------------------------------------------------------------------


@norms
@pytest.mark.parametrize("eps", [1e-4, 0.1, 3.0])
def test_everything_reported_is_of_exactly_the_images_returned(norm, eps):
    """Logits, success, distances; the distance never exceeds the budget, in float64."""
    network, images = convolutional(seed=2), pictures(5).float()
    network.module.float()
    objective = away_from(labels(0, 1, 2, 0, 1))
    found = attack(
        network, images, objective, threat_model(norm, eps),
        step_size=eps / 2, steps=6, random_start=True,
    )  # fmt: skip
    assert torch.equal(found.logits, run(asked(found.images), network))
    assert torch.equal(found.original_logits, run(asked(images), network))
    assert torch.equal(found.success, objective.margins(found.logits) > 0)
    change = found.images.numpy().astype(float) - images.numpy().astype(float)
    np.testing.assert_allclose(found.l2, np.linalg.norm(change.reshape(5, -1), axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.linf, np.abs(change).reshape(5, -1).max(1))
    assert (getattr(found, norm) <= eps).all()
    assert (getattr(found, norm) > 0).all()
    assert found.images.min() >= 0
    assert found.images.max() <= 1


def test_the_8_bit_logits_belong_to_the_image_as_saved_to_a_file():
    """Saved to PNG, read back, asked again: the same logits."""
    network = convolutional(seed=2)
    network.module.float()
    images = pictures(3, (3, 16, 16)).float()
    found = attack(network, images, away_from(labels(0, 1, 2)), L2Ball(0.5), step_size=0.1, steps=5)
    for row in range(3):
        with Image.open(io.BytesIO(png(photo(found.images[row].numpy())))) as opened:
            saved = np.asarray(opened).astype(np.float32).transpose(2, 0, 1) / np.float32(255)
        logits = run(asked(torch.from_numpy(saved.copy())[None]), network)
        assert_close(found.eight_bit_logits[row : row + 1], logits, rtol=0, atol=1e-5)
    assert not torch.equal(found.eight_bit_logits, found.logits)


@norms
@pytest.mark.parametrize("early_stop", [False, True])
def test_the_images_given_are_not_changed(norm, early_stop):
    """Nor is their memory shared with the result."""
    images = pictures(3)
    kept = images.clone()
    found = attack(
        convolutional(), images, towards(labels(0, 1, 2)), threat_model(norm, 0.2),
        step_size=0.1, steps=3, random_start=True, restarts=2, early_stop=early_stop,
    )  # fmt: skip
    found.images.zero_()
    assert torch.equal(images, kept)
    assert not images.requires_grad


def test_progress_counts_the_steps_and_shows_the_picture():
    """What is shown is the first row's current image."""
    images = pictures(2)
    network = Listening(convolutional())
    attack(network, images, towards(labels(0, 1)), L2Ball(0.5), step_size=0.1, steps=3)
    seen = [(q.progress.done, q.progress.total, q.exact) for q in network.queries]
    assert seen == [(0, 3, False), (1, 3, False), (2, 3, False), (3, 3, False), (0, 1, True)]
    for query in network.queries[:-1]:
        assert torch.equal(query.progress.preview, query.images[0])


# --- the door -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"step_size": -0.1}, "step_size must be finite and >= 0, got -0.1"),
        ({"step_size": float("nan")}, "step_size must be finite"),
        ({"step_size": 1.0, "steps": 0}, "steps must be >= 1, got 0"),
        ({"step_size": 1.0, "restarts": 0}, "restarts must be >= 1, got 0"),
        ({"step_size": 1.0, "restarts": 2}, "use random_start"),
    ],
)
def test_parameters_refuse_what_makes_no_attack(words, message):
    """Unit and value in one sentence."""
    with pytest.raises(InvalidInputError, match=message):
        PGDParams(**words)


@pytest.mark.parametrize(
    "images",
    [
        pictures(1) * 2,
        pictures(1) - 0.5,
        pictures(1) * float("nan"),
        pictures(1)[0],
        pictures(0),
    ],
)
def test_images_that_are_no_pixels_are_refused(images):
    """Normalised inputs, nan, a missing batch dimension, no image at all."""
    with pytest.raises(InvalidInputError, match="images must"):
        attack(binary(W), images, towards(labels(1)), L2Ball(1.0), step_size=0.1)


def test_a_target_outside_the_classes_is_refused():
    """Before anything is changed."""
    with pytest.raises(InvalidInputError, match=r"classes must lie in \[0, 2\), got 2 to 2"):
        attack(binary(W), central(1), towards(labels(2)), L2Ball(1.0), step_size=0.1)
