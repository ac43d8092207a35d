"""The lab that trains a robust model: its theorems, its verdicts, and what it leaves behind."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from command_line import called, names
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from advviz import compute
from advviz.compute import Engine
from advviz.compute.no_network import NoNetwork
from advviz.data import cifar10 as data_cifar10
from advviz.data import uploads
from advviz.data.cifar10 import PICTURES
from advviz.experiments import links
from advviz.experiments.lab_training import LabTrainingSpec, described, kept
from advviz.experiments.specs import AttackSpec
from advviz.labs import cifar10, trained
from advviz.labs.adversarial_training import Learner, Regime, TrainingAttack, epoch_of, hardest
from advviz.labs.collapse import collapse
from advviz.labs.judging import Judge, survivors
from advviz.labs.labelled import Labelled, Parts, digit_parts
from advviz.labs.training_lab import Lab, training_lab
from advviz.models.own import read_own
from advviz.models.records import record
from advviz.models.small_networks import initialized, small_network
from advviz.protocol import Progress, run
from advviz.threat_models import L2Ball, LinfBall
from advviz.training.adversarial import BatchStream

REGIME = Regime(epochs=3, learning_rate=0.5, batch=8, seed=0)
TINY = LabTrainingSpec(
    network="linear", epochs=1, attack_steps=1, judge_steps=2, judge_restarts=1, eps=0.5
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def two_features(count=64):
    """Make pictures of two pixels: one differs much between the classes but not surely, one a
    little and surely.

    An attacker who may move a pixel by 0.1 makes the sure one say the opposite.
    """
    labels = torch.arange(count) % 2
    sign = 2.0 * labels - 1
    # One image in eight contradicts its strong pixel: normal training leans on the other.
    strong = torch.where(torch.arange(count) // 2 % 8 == 0, -sign, sign)
    images = torch.stack([0.5 + 0.2 * strong, 0.5 + 0.05 * sign], 1)
    return Labelled(images.view(count, 1, 1, 2), labels)


def linear(classes=2, seed=0):
    with torch.random.fork_rng(devices=[]):  # what layers draw by themselves is drawn anew
        network = nn.Sequential(nn.Flatten(), nn.Linear(2, classes))
    return initialized(network, seed)


def attack(threat, steps=4, **told):
    values = {"step_size": 2.5 * threat.eps / steps, "random_start": True} | told
    return TrainingAttack(threat=threat, steps=steps, **values)


def finished(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def trained_on(data, learners, regime=REGIME):
    for epoch in range(regime.epochs):
        finished(epoch_of(learners, data.images, data.labels, regime, epoch, Progress("", 0)))


def weight_of_the_brittle_pixel(network):
    difference = (network[1].weight[1] - network[1].weight[0]).detach()
    return float(difference[1].abs() / difference[0].abs())


# --- theorems ------------------------------------------------------------------


@pytest.mark.parametrize(("ball", "dual"), [(L2Ball, 2), (LinfBall, 1)])
def test_the_worst_image_of_a_linear_model_costs_eps_times_the_dual_norm(ball, dual):
    """Hölder: the largest loss in the ball is that of the margin minus eps times the dual norm."""
    data, network, eps = two_features(8), linear(), 0.05
    chosen = attack(ball(eps), steps=3, step_size=eps, random_start=False)
    stream = BatchStream(data.images, generator())
    worst = finished(hardest(network, data.images, data.labels, chosen, stream))
    difference = (network[1].weight[1] - network[1].weight[0]).detach()
    sign = 2.0 * data.labels - 1
    logits = network(data.images)
    margin = sign * (logits[:, 1] - logits[:, 0]) - eps * difference.norm(dual)
    found = functional.cross_entropy(network(worst), data.labels, reduction="none")
    assert_close(found, functional.softplus(-margin), atol=1e-5, rtol=0)


@pytest.mark.parametrize("threat", [L2Ball(0.1), LinfBall(0.1)])
def test_adversarial_training_gives_up_the_pixel_that_an_attacker_can_turn(threat):
    data, regime = two_features(), replace(REGIME, epochs=150)
    standard, robust = Learner(linear()), Learner(linear(), attack(threat))
    trained_on(data, (standard, robust), regime)
    plain = weight_of_the_brittle_pixel(standard.network)
    assert weight_of_the_brittle_pixel(robust.network) < 0.5 * plain


def test_against_an_attacker_who_may_change_nothing_both_trainings_are_the_same():
    """Bit for bit: the same first weights, batches and steps."""
    data = two_features()
    learners = (Learner(linear()), Learner(linear(), attack(L2Ball(0.0))))
    trained_on(data, learners)
    first, second = (learner.network.state_dict() for learner in learners)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["1.weight"], linear().state_dict()["1.weight"])


def test_a_judge_never_counts_what_was_wrong_before():
    data, network = two_features(), linear()
    judge = Judge(threat=L2Ball(10.0), steps=3, restarts=1, seed=0)
    search = judge.panel()["pgd"]
    labels = network(data.images).argmax(1)
    found = run(
        survivors(network, data.images, 1 - labels, judge, "pgd", search, Progress("", 0)),
        NoNetwork(),
    )
    assert not found.any()
    near = replace(judge, threat=L2Ball(0.0))
    found = run(
        survivors(network, data.images, labels, near, "pgd", search, Progress("", 0)), NoNetwork()
    )
    assert found.all()


# --- collapse -------------------------------------------------------------------


def test_a_collapse_is_found_where_the_judge_falls_and_the_training_attack_does_not():
    own = [0.1, 0.4, 0.6, 0.7, 0.9, 0.95]
    judged = [0.1, 0.35, 0.5, 0.45, 0.2, 0.0]
    found = collapse(judged, own)
    assert (found.epoch, found.best, found.before, found.after) == (4, 2, 0.5, 0.2)
    assert found.own == 0.9


@pytest.mark.parametrize(
    ("judged", "own"),
    [
        ([0.1, 0.5, 0.6, 0.55], [0.1, 0.6, 0.9, 0.9]),  # a gap from the start is no collapse
        ([0.1, 0.6, 0.1], [0.1, 0.7, 0.15]),  # it fails under both: another trouble
        ([0.0], [0.0]),
    ],
)
def test_no_collapse_is_found_where_there_is_none(judged, own):
    assert collapse(judged, own) is None


# --- the whole lab ----------------------------------------------------------------


def small_lab(eps=0.1, epochs=5):
    threat = L2Ball(eps)
    return Lab(
        make=linear,
        attack=attack(threat),
        regime=replace(REGIME, epochs=epochs),
        judge=Judge(threat=threat, steps=4, restarts=1, seed=0),
    )


def three_parts():
    images = torch.rand(48, 1, 1, 2, generator=generator())
    labels = torch.arange(48) % 3
    images[:, 0, 0, 0] = 0.2 + 0.3 * labels
    part = Labelled(images, labels)
    return Parts(part, part, part, ("a", "b", "c"))


def test_a_lab_measures_every_epoch_keeps_a_few_pictures_and_touches_no_global_numbers():
    lab = replace(small_lab(), make=lambda: linear(3))
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    progress = []

    class Watched(NoNetwork):
        def call(self, call):
            progress.append(call.progress)
            return super().call(call)

    found = run(training_lab(lab, three_parts()), Watched())
    again = run(training_lab(lab, three_parts()), NoNetwork())
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert found.arrays["judged"].shape == found.arrays["own"].shape == (2, 6)
    assert found.arrays["loss"].shape == (2, 5)
    assert found.arrays["pictured_epochs"].tolist() == [0, 1, 2, 4, 5]
    assert found.arrays["weights"].shape == (5, 2, 3, 1, 1, 2)
    assert found.arrays["gradients"].shape == (5, 2, 3, 1, 1, 2)
    assert all(torch.equal(found.arrays[name], again.arrays[name]) for name in found.arrays)
    worst = [min(counts) for counts in zip(*found.facts["attacks"].values(), strict=True)]
    assert all(r <= w for r, w in zip(found.facts["robust"], worst, strict=True))
    told = [p for p in progress if p is not None]
    assert all(0 <= p.done <= p.total == lab.passes() for p in told)
    partial = [p.partial for p in told if p.partial is not None]
    assert len(partial) == 6
    assert partial[-1]["judged"].shape == (2, 6)


def test_what_a_switch_overrides_is_not_in_the_key():
    single = LabTrainingSpec(single_step=True)
    assert single.resolved() == replace(single, attack_steps=9, random_start=False).resolved()
    assert single.resolved()["step_size"] == single.eps
    assert single.resolved() != replace(single, single_step=False).resolved()
    assert LabTrainingSpec(attack_steps=40).steps_judged_with == 80
    assert LabTrainingSpec().amount - LabTrainingSpec().epochs == small_lab().passes() - 5


@pytest.fixture(scope="module")
def tiny():
    engine = Engine(use_shipped=False)
    yield engine.run(TINY)
    engine.close()


def test_link_and_program_give_the_same_bytes(tiny, monkeypatch):
    engine = Engine(use_shipped=False)
    monkeypatch.setattr(compute, "engine", lambda: engine)
    found = {}
    try:
        linked = engine.run(links.from_link(links.to_link(TINY)))
        exec(links.to_python(TINY), found)
    finally:
        engine.close()
    for name, array in tiny.arrays.items():
        assert linked.arrays[name].tobytes() == array.tobytes(), name
        assert found["result"].arrays[name].tobytes() == array.tobytes(), name


def test_a_kept_model_is_attacked_like_any_other(tiny):
    """On three equal channels it says what it said of one; all pages' experiments know it."""
    model = trained.keep(*kept(TINY, tiny, "robust"))
    assert record(model.id) == model
    assert (model.is_robust, model.training_eps) == (True, TINY.eps_in_rgb)
    test = digit_parts().test
    picture = uploads.store_exact(np.repeat(test.images[0].numpy(), 3, axis=0))
    engine = Engine(use_shipped=False)
    try:
        spec = AttackSpec(model=model.id, image=picture, norm="l2", eps=3.0, steps=10)
        found = engine.run(spec)
    finally:
        engine.close()
    _, state = kept(TINY, tiny, "robust")
    network = small_network("GreyLinear", 10, 8, model.mean, model.std)
    network.load_state_dict(state)
    with torch.no_grad():
        wanted = network(test.images[:1])[0]
    assert_close(torch.from_numpy(found.arrays["original_logits"].copy()), wanted)
    assert found.facts["success"]
    assert found.facts["l2"] <= 3.0


def test_the_command_line_prints_both_and_saves_models_of_ones_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path))
    words = links.to_flags(TINY)
    found = json.loads(called(capsys, *words, "--json", "--save", tmp_path))
    for partner in ("standard", "robust"):
        for name in ("clean_accuracy", "attacked_accuracy"):
            share = found[partner][name]
            assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
    assert found["judge"]["attacks"].keys() == {"pgd", "apgd-ce", "apgd-dlr"}
    assert links.from_link(found["link"]) == TINY
    assert len(names(tmp_path)) == 4
    model = read_own(tmp_path / "lab-digits-linear-robust.toml")
    wanted = described(TINY, "robust")
    assert (model.title, model.training_eps) == (wanted.title, wanted.training_eps)
    assert (model.classes, model.input_size) == (wanted.classes, 8)


# --- CIFAR-10 ----------------------------------------------------------------------


def test_cifar10_is_refused_in_a_sentence_where_it_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv(PICTURES, str(tmp_path / "nowhere"))
    cifar10.identity.cache_clear()
    engine = Engine(use_shipped=False)
    try:
        job = engine.submit(replace(TINY, data="cifar10"))
    finally:
        engine.close()
    assert "CIFAR-10 is not on this machine" in job.error


def test_a_folder_of_pictures_is_trained_on_like_the_digits(tmp_path, monkeypatch):
    """Small ones too: a fifth is held out. Another picture makes another result."""
    source = np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 3)):
        for label, name in enumerate(data_cifar10.CLASSES):
            for number in range(count):
                levels = source.integers(0, 60, (32, 32, 3)).astype(np.uint8)
                levels[3 * label : 3 * label + 3] += 150
                path = tmp_path / part / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(levels).save(path)
    monkeypatch.setenv(PICTURES, str(tmp_path))
    cifar10.identity.cache_clear()
    spec = replace(TINY, data="cifar10", images=100, learning_rate=0.01, batch=8, epochs=3)
    engine = Engine(use_shipped=False)
    try:
        found = engine.run(spec)
    finally:
        engine.close()
    assert (found.facts["trained_on"], found.facts["watched"], found.facts["n"]) == (96, 24, 30)
    assert found.facts["clean"][0] >= 15  # three in thirty by chance
    before = spec.resolved()
    (tmp_path / "train" / "cat" / "another.png").write_bytes(b"x")
    cifar10.identity.cache_clear()
    assert spec.resolved() != before
    cifar10.identity.cache_clear()


def test_a_balanced_choice_takes_equally_many_of_each_class():
    labels = np.array([0] * 10 + [1] * 3 + [2] * 10)
    rows = cifar10.balanced(labels, 9, seed=0)
    assert np.bincount(labels[rows]).tolist() == [3, 3, 3]
    assert len(cifar10.balanced(labels, 100, seed=0)) == 23
