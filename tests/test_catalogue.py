"""One contract for all attacks of the catalogue, whatever they do."""

from dataclasses import FrozenInstanceError, fields, replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from catalogue_toys import CASES, EPS, FEW, begin
from toys import InParts, convolutional, labels, pictures

from advviz.attacks.catalogue import Goal, attack_named, attacks
from advviz.data.images import load as load_image
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import record
from advviz.noise import Noise
from advviz.protocol import run
from advviz.threat_models import threat_model

IMAGES = pictures(3)
NETWORK = convolutional(5)
CLASSES = labels(*NETWORK.module(IMAGES).argmax(1).tolist())
each = pytest.mark.parametrize(("name", "norm"), CASES, ids=lambda word: word)

SHIPPED, SHOWN = "tiny14-standard", (("mastiff", "dog"), ("coffee", "coffee"))
ON_SHIPPED = {"l1": 20.0, "l2": 0.5, "linf": 0.01}

_found = {}


@cache
def shipped():
    """Give a network that ships, and two pictures of the gallery that it knows."""
    described = record(SHIPPED)
    loaded = [load_image(f"sample:{name}", described.input_size).pixels for name, _ in SHOWN]
    images = torch.from_numpy(np.stack(loaded))
    classes = [described.classes.index(name) for _, name in SHOWN]
    return Classifier(load_model(SHIPPED)), images, labels(*classes)


def attacked(name, norm):
    """Attack the three images, row by row in every pass: kernels may round a batch otherwise."""
    if (name, norm) not in _found:
        _found[name, norm] = run(begin(name, norm, IMAGES, CLASSES), InParts(NETWORK, 1))
    return _found[name, norm]


def measured(norm, images, others):
    """Measure with NumPy, in float64, apart from the code under test."""
    change = others.numpy().astype(np.float64) - images.numpy().astype(np.float64)
    order = {"l1": 1, "l2": 2, "linf": np.inf}[norm]
    return np.linalg.norm(change.reshape(len(change), -1), ord=order, axis=1)


@each
def test_what_is_returned_lies_in_box_and_ball(name, norm):
    """An attack that looks for the smallest change may leave the ball; that is no success."""
    found = attacked(name, norm)
    assert found.images.dtype == torch.float64
    assert found.images.shape == IMAGES.shape
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    distances = measured(norm, IMAGES, found.images)
    np.testing.assert_allclose(getattr(found, norm).numpy(), distances, rtol=1e-12)
    inside = distances <= EPS[norm]
    assert inside.all() or attacks()[name].minimal
    fooled = (NETWORK.module(found.images).argmax(1) != CLASSES).numpy()
    assert found.success.tolist() == (fooled & inside).tolist()


@each
def test_float32_stays_float32_and_in_the_ball(name, norm):
    """The ball is measured in float64."""
    images, network = IMAGES[:2].float(), convolutional(5)
    network.module.float()
    found = run(begin(name, norm, images, CLASSES[:2], early_stop=True), network)
    assert found.images.dtype == torch.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    if not attacks()[name].minimal:
        assert (measured(norm, images, found.images) <= EPS[norm]).all()


@each
def test_a_row_depends_on_no_other_row(name, norm):
    """The middle one of three, alone: the same bytes, also of the numbers about it."""
    together = attacked(name, norm)
    alone = run(begin(name, norm, IMAGES[1:2], CLASSES[1:2]), InParts(NETWORK, 1))
    assert torch.equal(alone.images, together.images[1:2])
    assert torch.equal(alone.logits, together.logits[1:2])
    assert torch.equal(alone.success, together.success[1:2])
    if together.queries is not None:
        assert torch.equal(alone.queries, together.queries[1:2])


@each
def test_on_a_shipped_model_a_row_is_answered_as_if_alone(name, norm):
    """Kernels may round a batch otherwise, and no attack makes more of it than a thousandth."""
    network, images, classes = shipped()
    start = partial(begin, name, norm, eps=ON_SHIPPED[norm])
    together = run(start(images, classes), network)
    for row in range(len(images)):
        alone = run(start(images[row : row + 1], classes[row : row + 1]), network)
        assert torch.equal(alone.success, together.success[row : row + 1])
        torch.testing.assert_close(
            getattr(alone, norm), getattr(together, norm)[row : row + 1], rtol=1e-3, atol=1e-6
        )


@each
def test_eps_zero_returns_the_input(name, norm):
    """Bit for bit."""
    found = run(begin(name, norm, IMAGES[:1], CLASSES[:1], eps=0.0), NETWORK)
    assert torch.equal(found.images, IMAGES[:1])
    assert not found.success.any()


@each
def test_what_is_there_already_is_a_success(name, norm):
    """An image that is no longer of its class is returned with a success, at any distance."""
    elsewhere = (CLASSES[:1] + 1) % 5
    found = run(begin(name, norm, IMAGES[:1], elsewhere), NETWORK)
    assert found.success.all()
    if attacks()[name].minimal:
        assert torch.equal(found.images, IMAGES[:1])


@each
def test_there_is_a_history_to_show(name, norm):
    """Curves of the search, from which pages draw; pictures on request."""
    history = attacked(name, norm).history
    assert history is not None
    params = attacks()[name].params(**FEW.get(name, {}))
    assert 2 <= len(history.objective) <= params.entries + 1
    shown = run(begin(name, norm, IMAGES[:1], CLASSES[:1], record="pictures"), NETWORK).history
    assert shown.pictures.shape == (len(shown.objective), 1, *IMAGES.shape[1:])


@pytest.mark.parametrize("name", attacks())
def test_an_attack_refuses_parameters_out_of_range(name):
    """Every field has a default, a range and words, and names itself when it refuses."""
    params = attacks()[name].params
    for field in fields(params):
        meta = field.metadata
        assert meta["help"]
        bad = {int: [meta.get("low", 0) - 1], float: [-1.0, float("nan")], str: ["?"], bool: [2]}
        for value in bad[meta["type"]]:
            with pytest.raises(InvalidInputError, match=field.name):
                params(**{field.name: value})


@pytest.mark.parametrize("name", attacks())
def test_an_attack_refuses_what_it_cannot_work_on(name):
    """Pixels outside [0, 1], a class that there is not, a norm that it does not know."""
    norm = attacks()[name].norms[0]
    with pytest.raises(InvalidInputError, match=r"images must lie in \[0, 1\]"):
        run(begin(name, norm, IMAGES * 3, CLASSES), NETWORK)
    with pytest.raises(InvalidInputError, match=r"classes must lie in \[0, 5\)"):
        run(begin(name, norm, IMAGES[:1], labels(5)), NETWORK)
    for other in {"l1", "l2", "linf"} - set(attacks()[name].norms):
        with pytest.raises(InvalidInputError, match="works in"):
            run(begin(name, other, IMAGES[:1], CLASSES[:1], eps=0.1), NETWORK)


def test_the_catalogue_cannot_be_changed():
    """Its order is that of the menus."""
    assert list(attacks())[:4] == ["fgsm", "pgd", "apgd-ce", "apgd-dlr"]
    assert [a.name for a in attacks().values() if a.foreign] == ["deepfool", "hopskipjump", "ead"]
    with pytest.raises(TypeError):
        attacks()["mine"] = attacks()["pgd"]
    with pytest.raises(FrozenInstanceError):
        attacks()["pgd"].version = 3
    with pytest.raises(UnknownNameError, match=r"one of fgsm, pgd, .*, got 'cleverhans'"):
        attack_named("cleverhans")


def test_a_missing_foolbox_is_said_in_a_sentence(monkeypatch):
    """With what to install; the other attacks do not notice."""
    monkeypatch.setitem(__import__("sys").modules, "foolbox", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'advviz\[foreign\]'"):
        run(begin("deepfool", "l2", IMAGES[:1], CLASSES[:1]), NETWORK)


@pytest.mark.parametrize("name", ["apgd-dlr", "apgd-t"])
def test_too_few_classes_for_a_ratio_of_logits_are_refused(name):
    """DLR needs three, targeted DLR four."""
    least = {"apgd-dlr": 3, "apgd-t": 4}[name]
    network = convolutional(least - 1)
    with pytest.raises(InvalidInputError, match=f"needs at least {least} classes, got {least - 1}"):
        run(begin(name, "l2", IMAGES[:1], labels(0)), network)
    params = replace(attacks()[name].params(), steps=1)
    attack = attacks()[name].make(
        IMAGES[:1], Goal(labels=labels(0)), threat_model("l2", 0.1), params, noise=Noise(0)
    )
    assert run(attack, convolutional(least)).images.shape == IMAGES[:1].shape
