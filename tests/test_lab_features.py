"""The lab "Bugs or features?": what it must find where the answer is known, and what it says."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from toys import generator

from advviz.attacks.pgd import PGDParams
from advviz.cli import main
from advviz.compute.keys import key_of
from advviz.compute.no_network import NoNetwork
from advviz.data.two_classes import TwoClasses, reading
from advviz.errors import InvalidInputError
from advviz.experiments import links
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.references import is_personal
from advviz.labs.examples import Examples, Meter
from advviz.labs.features import FIRST, FLIPPED, NEW, RANDOM, FeaturesParams, bugs_or_features
from advviz.labs.linear import LinearLearner
from advviz.labs.mislabelled import moved_at_random
from advviz.labs.small_network import SmallLearner
from advviz.labs.spread import spread
from advviz.noise import Noise
from advviz.objectives import away_from
from advviz.protocol import Query, run
from advviz.threat_models import L2Ball, LinfBall

EPS = 0.5
ATTACK = PGDParams(step_size=EPS / 8, steps=20, record="nothing")


def two_kinds_of_features(count=200):
    """Images 4×4: a human's feature, large, on the left; a brittle one, tiny, in the corner.

    Both tell the classes apart every time. The brittle one is smaller than eps, the human's is
    larger: an attack can turn the first round and not the second.
    """
    labels = torch.arange(count) % 2
    signs = (2 * labels - 1).float()[:, None, None]
    images = 0.5 + 0.02 * torch.randn(count, 1, 4, 4, generator=generator(0))
    images[:, 0, :, :2] += 0.18 * signs
    images[:, 0, :1, 3:] += 0.12 * signs
    return TwoClasses(images.clamp(0, 1).numpy(), labels.numpy(), np.zeros(count, bool))


def found(pool, *, eps=EPS, learner=None, seeds=range(3), **words):
    params = FeaturesParams(
        learner=learner or LinearLearner(steps=100),
        threat=L2Ball(eps),
        attack=ATTACK,
        seeds=seeds,
        **words,
    )
    return run(bugs_or_features(pool, params), NoNetwork())


def brittle(count=240):
    """The label is in sixteen pixels, a little in each; a human sees one large spot, at random."""
    labels = torch.arange(count) % 2
    signs = (2 * labels - 1).float()[:, None, None, None]
    images = 0.5 + 0.05 * torch.randn(count, 1, 4, 4, generator=generator(1))
    spots = (torch.rand(count, 1, 4, 4, generator=generator(2)) < 0.1).float()
    images = images + 0.06 * signs + 0.2 * spots
    return TwoClasses(images.clamp(0, 1).numpy(), labels.numpy(), np.zeros(count, bool))


def test_a_brittle_feature_is_learnt_from_images_whose_labels_are_all_wrong():
    """The attack turns it round in every image, so wrong labels with it are right without."""
    result = found(brittle())
    assert min(result.accuracies[FIRST]) > 0.9
    assert min(result.fooled) > 0.9
    assert min(result.accuracies[NEW]) > 0.9
    assert max(result.accuracies[RANDOM]) < 0.2
    assert max(result.accuracies[FLIPPED]) < 0.2


def test_what_the_new_network_learnt_is_the_direction_that_the_attack_moved_along():
    """A linear classifier's adversarial change is its own weights: those come back."""
    result = found(brittle(), seeds=range(1))
    first, new = (result.weights[name].flatten() for name in (FIRST, NEW))
    assert torch.cosine_similarity(first, new, dim=0) > 0.5
    flipped = result.weights[FLIPPED].flatten()
    assert torch.cosine_similarity(first, flipped, dim=0) < 0


def test_a_feature_that_the_attack_cannot_turn_round_is_kept_with_its_wrong_label():
    """Nothing flips, so nothing is kept, and nobody is trained on nothing."""
    result = found(two_kinds_of_features(), eps=0.1)
    assert result.fooled == [0, 0, 0]
    assert result.kept == [0, 0, 0]
    for name in (NEW, RANDOM, FLIPPED):
        assert result.accuracies[name] == [None, None, None]


def test_a_seed_gives_the_same_numbers_alone_and_among_others_and_touches_no_global_state():
    state, grad = torch.random.get_rng_state(), torch.is_grad_enabled()
    legacy = np.random.get_state()[1].copy()  # noqa: NPY002
    among, alone = found(brittle(), seeds=range(3)), found(brittle(), seeds=range(1, 2))
    assert alone.kept[0] == among.kept[1]
    for name in (FIRST, NEW, RANDOM, FLIPPED):
        assert alone.accuracies[name][0] == pytest.approx(among.accuracies[name][1], abs=0.03)
    assert torch.equal(state, torch.random.get_rng_state())
    assert np.array_equal(legacy, np.random.get_state()[1])  # noqa: NPY002
    assert torch.is_grad_enabled() is grad


def test_a_data_sets_own_test_images_are_judged_on_and_never_trained_on():
    """If they took part in training, labels that contradict it would not all be missed."""
    pool = brittle()
    judged = np.arange(len(pool.labels)) >= 180
    turned = TwoClasses(pool.images, np.where(judged, 1 - pool.labels, pool.labels), judged)
    result = found(turned)
    assert result.counts == (144, 36, 60)
    assert max(result.accuracies[FIRST]) < 0.1


def test_held_out_images_choose_the_weights_and_padding_takes_no_part():
    pool = brittle()
    images, labels = torch.from_numpy(pool.images), torch.from_numpy(pool.labels)
    told = Examples.of(images[None, :100], labels[None, :100])
    padded = Examples(
        torch.cat([told.images, torch.rand(1, 50, 1, 4, 4, generator=generator(3))], 1),
        torch.cat([told.labels, torch.ones(1, 50, dtype=torch.int64)], 1),
        torch.arange(150)[None] < 100,
    )
    held = Examples.of(images[None, 100:], labels[None, 100:])
    learner = LinearLearner(steps=60)
    first, second = (
        run(learner.learn(each, held, [0], "test", Meter(60)), NoNetwork())
        for each in (told, padded)
    )
    torch.testing.assert_close(first.direction, second.direction, rtol=1e-4, atol=1e-5)
    wrong = Examples.of(held.images, 1 - held.labels)
    contrary = run(learner.learn(told, wrong, [0], "test", Meter(60)), NoNetwork())
    right = [(n.logits(held.images.flatten(2)).argmax(2) == held.labels).double().mean()
             for n in (first, contrary)]  # fmt: skip
    assert right[0] > 0.9
    assert right[1] < right[0]


def test_a_linear_classifiers_closed_form_is_its_gradient():
    pool = brittle(20)
    images, labels = torch.from_numpy(pool.images), torch.from_numpy(pool.labels)
    examples = Examples.of(images[None], labels[None])
    networks = run(
        LinearLearner(steps=5).learn(examples, examples, [0], "x", Meter(5)), NoNetwork()
    )
    answer = networks.respondent(0).answer(Query(images, away_from(labels)))
    leaf = images.clone().requires_grad_()
    logits = networks.logits(leaf.flatten(1)[None])[0]
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    torch.testing.assert_close(answer.gradients, torch.autograd.grad(loss, leaf)[0])
    torch.testing.assert_close(answer.logits, logits)


@pytest.mark.parametrize("ball", [L2Ball(1.0), LinfBall(0.1)])
def test_the_random_control_moves_each_image_as_far_as_it_is_told_and_stays_in_the_box(ball):
    images = torch.rand(5, 1, 8, 8, generator=generator(4)).round()  # every pixel at an end
    wanted = torch.linspace(0.1, 1, 5, dtype=torch.float64) * ball.eps
    moved = moved_at_random(images, wanted, ball, Noise(0).streams(images))
    torch.testing.assert_close(ball.distance(images, moved), wanted, rtol=1e-4, atol=1e-5)
    assert (moved.min(), moved.max()) >= (0, 0)
    assert moved.max() <= 1
    assert not torch.equal(moved, moved_at_random(images, wanted, ball, Noise(1).streams(images)))


def test_the_small_network_learns_it_too_and_touches_no_global_state():
    state = torch.random.get_rng_state()
    pool = brittle(160)
    images = np.repeat(np.repeat(pool.images, 2, 2), 2, 3)
    result = found(
        TwoClasses(images, pool.labels, pool.judged),
        eps=1.5,
        learner=SmallLearner(steps=40, lr=0.05),
        seeds=range(1),
        controls=False,
    )
    assert result.accuracies[FIRST][0] > 0.8
    assert result.fooled[0] > 0.5
    assert result.accuracies[NEW][0] > 0.5
    assert result.weights == {}
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_spread_is_the_mean_with_the_lowest_and_the_highest_seed():
    assert spread([0.5, 1.0, None, 0.9]).as_dict() == {
        "value": pytest.approx(0.8), "low": 0.5, "high": 1.0, "seeds": [0.5, 1.0, None, 0.9],
    }  # fmt: skip
    assert spread([None, None]) is None


# --- pictures of somebody's own ------------------------------------------------------------------


def with_folders(root, parts=("",)):
    from PIL import Image

    for part in parts:
        for label, name in enumerate(("cup", "pen")):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(12):
                levels = generator(number + 100 * label + len(part))
                pixels = torch.rand(8, 8, 3, generator=levels) * 60 + 120 * label + 20
                Image.fromarray(pixels.byte().numpy()).save(folder / f"{number}.png")
    return root


def read(*words, **more):
    source = reading(*words, **more)
    while True:
        try:
            next(source)
        except StopIteration as finished:
            return finished.value


def test_a_folder_with_train_and_test_keeps_them_apart(tmp_path):
    root = str(with_folders(tmp_path, ("train", "test")))
    pool = read(root, ("cup", "pen"), size=8, limit=10)
    assert pool.images.shape == (40, 3, 8, 8)
    assert pool.judged.sum() == 20
    assert pool.images[pool.labels == 0].mean() < pool.images[pool.labels == 1].mean()
    assert (
        read(str(with_folders(tmp_path / "flat")), ("pen", "cup"), size=8, limit=99).judged.sum()
        == 0
    )


@pytest.mark.parametrize("classes", ["cup,fork", "cup,../cup", "cup,cup", "cup", "cup,pen,ink"])
def test_classes_that_a_folder_does_not_have_are_refused_in_a_sentence(tmp_path, classes):
    spec = FeaturesSpec(data=str(with_folders(tmp_path)), classes=classes)
    with pytest.raises(InvalidInputError, match="classes must be two"):
        key_of(spec)


def test_a_folder_is_personal_and_known_by_its_files(tmp_path):
    spec = FeaturesSpec(data=str(with_folders(tmp_path)), classes="cup,pen")
    assert is_personal(spec)
    assert not is_personal(FeaturesSpec())
    before = key_of(spec)
    (tmp_path / "cup" / "3.png").unlink()
    assert key_of(spec) != before


def test_cifar10_that_is_not_here_is_said_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("ADVVIZ_DATA", str(tmp_path))
    with pytest.raises(InvalidInputError, match="CIFAR-10 is not on this machine; download it"):
        key_of(FeaturesSpec(data="cifar10", classes="airplane,cat"))


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_all_measures_all_settings_and_every_seed(tmp_path, capsys):
    """On the digits, with fewer steps and seeds than usual."""
    out = tmp_path / "seeds.csv"
    words = ["--data", "digits", "--classes", "3,8", "--eps", "1", "--seeds", "3"]
    assert main(["lab", "features", *words, "--steps", "60", "--csv", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for name in ("clean_accuracy", "mislabelled_training"):
        assert 0.9 <= said[name]["low"] <= said[name]["value"] <= said[name]["high"] <= 1
    for name in ("control_random", "control_flipped"):
        assert said[name]["high"] < 0.5
    assert 0.3 < said["fooled"]["low"] <= said["fooled"]["high"] <= 1
    assert said["settings"]["seeds"] == 3
    assert links.from_link(said["link"]) == FeaturesSpec(seeds=3, steps=60)
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["seed"] for row in rows] == ["0", "1", "2"]
    measured = [float(row["mislabelled_training"]) for row in rows]
    assert measured == said["mislabelled_training"]["seeds"]


def test_at_eps_zero_nothing_is_kept_and_a_sentence_says_so(capsys):
    words = ["--eps", "0", "--seeds", "2", "--steps", "20"]
    assert main(["lab", "features", *words]) == 0
    said = capsys.readouterr().out
    assert "at eps 0 the attack fooled too few images of 3 and 8" in said
    assert "0.0% [  0.0,   0.0]  training images it got right that the attack flipped" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "nowhere"], "data must be digits, cifar10 or a folder"),
        (["--data", "folder"], "this app was given no folder of pictures"),
        (["--classes", "3,x"], "classes must be two different ones of 0, 1, 2"),
        (["--eps", "2", "--norm", "linf"], "eps must lie in [0, 1] in linf"),
        (["--seeds", "0"], "seeds must lie in [1, 50]"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words, sentence, capsys, monkeypatch):
    monkeypatch.delenv("ADVVIZ_IMAGES", raising=False)
    assert main(["lab", "features", *words]) == 2
    assert sentence in capsys.readouterr().err
