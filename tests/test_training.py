"""Training: recipes, schedule, data, the inner attack, resuming, releasing."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from torch.testing import assert_close
from toys import built, convolutional, generator, labels, pictures

from advviz.data.classes import TINY14
from advviz.data.folders import LabelledFiles
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.models.records import read_record
from advviz.models.resnet import SlimResNet
from advviz.threat_models import L2Ball, LinfBall
from advviz.training import trainer
from advviz.training.adversarial import BatchStream, hardest_images
from advviz.training.batches import ImageSet, augmented, draw_epoch, split
from advviz.training.recipe import RECIPES, Recipe, recipe
from advviz.training.release import release
from advviz.training.trainer import Run, export, train, update_average, validate
from advviz.training.whitening import patch_filters, whiten

TINY = Recipe(
    name="tiny14-robust-l2", size=16, epochs=3, images_per_epoch=24, batch=8,
    crop_padding=2, eps=0.5, attack_steps=2, step_size=0.3,
)  # fmt: skip


def tiny_set(count=40, seed=0):
    """Make pictures of three classes that differ in colour."""
    source = generator(seed)
    pixels = torch.randint(0, 100, (count, 3, 16, 16), generator=source, dtype=torch.uint8)
    classes = torch.arange(count) % 3
    for row, index in enumerate(classes.tolist()):
        pixels[row, index] += 150
    return ImageSet(pixels, classes)


def tiny_run(chosen=TINY, seed=0):
    """Begin a run of a very small network."""

    def make():
        torch.manual_seed(seed)
        network = SlimResNet(3, widths=(4, 6, 8, 10))
        whiten(network.patches, tiny_set(), *tiny_set().mean_and_std(), chosen.whitening)
        return network

    return Run.start(chosen, built(make), built(make))


def per_channel(values):
    return torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1)


def silent(done, total, loss):
    """Report to nobody."""


def same_weights(one, other):
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)


# --- recipes -------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", ["tiny14", "cifar10"])
def test_partners_differ_in_the_attack_alone(dataset):
    """The same data, the same schedule, the same seed; steps of the same share of the ball."""
    standard, robust = recipe(f"{dataset}-standard"), recipe(f"{dataset}-robust-l2")
    attack = {"name": "", "eps": 0.0, "step_size": 0.0}
    assert replace(standard, **attack) == replace(robust, **attack)
    assert standard.eps == 0 < robust.eps


def test_a_rung_goes_on_from_one_of_the_pair():
    """The same data and network, for fewer epochs, whichever eps is nearer."""
    rungs = {r.eps: r.starts_from for r in RECIPES.values() if r.starts_from is not None}
    assert rungs == {0.25: "tiny14-standard", 0.5: "tiny14-standard", 3.0: "tiny14-robust-l2"}
    assert all(r.epochs < recipe(r.starts_from).epochs for r in RECIPES.values() if r.starts_from)


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.eps > 0])
def test_two_steps_of_the_training_attack_pass_the_surface_of_the_ball(name):
    """Steps of the same share of the ball for every eps."""
    assert recipe(name).step_size == pytest.approx(0.7 * recipe(name).eps)


def test_there_are_two_pairs_and_the_rungs_between():
    """By the eps that they were trained with."""
    found = {(r.dataset, r.eps) for r in RECIPES.values()}
    assert found == {("tiny14", e) for e in (0, 0.25, 0.5, 1.5, 3)} | {
        ("cifar10", 0),
        ("cifar10", 0.5),
    }
    assert {name.rpartition("-")[2] for name, r in RECIPES.items() if r.eps == 0} == {"standard"}


def test_an_unknown_recipe_is_named_with_the_known_ones():
    """One sentence."""
    with pytest.raises(UnknownNameError, match="no recipe is called 'x'; there are tiny14-"):
        recipe("x")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"epochs": 0}, "epochs must be >= 1, got 0"),
        ({"batch": 0}, "batch must be >= 1"),
        ({"eps": -1.0}, "eps must be finite and >= 0, got -1"),
        ({"peak_lr": float("nan")}, "peak_lr must be finite"),
        ({"eps": 1.0, "step_size": 0.0}, "needs step_size > 0"),
        ({"batch": 25}, "batch must be <= images_per_epoch"),
        ({"warmup": 1.0}, r"warmup must lie in \[0, 1\)"),
    ],
)
def test_a_recipe_refuses_what_cannot_be_trained_with(words, message):
    """Before an hour has passed."""
    with pytest.raises(InvalidInputError, match=message):
        replace(TINY, **words)


def test_the_schedule_rises_to_its_peak_and_falls_to_zero():
    """Piecewise linear; the peak is at the end of the warm-up."""
    chosen = Recipe(name="x", epochs=10, images_per_epoch=800, batch=8, peak_lr=0.2, warmup=0.25)
    assert chosen.steps == 1000
    rates = [chosen.learning_rate(step) for step in range(1000)]
    assert max(rates) == pytest.approx(0.2)
    assert rates.index(max(rates)) in (249, 250)
    assert rates[:250] == pytest.approx([0.2 * (step + 1) / 250 for step in range(250)])
    assert rates[250:] == pytest.approx([0.2 * (1000 - step) / 750 for step in range(250, 1000)])
    assert rates[-1] == pytest.approx(0.2 / 750)
    assert all(rate > 0 for rate in rates)


def test_a_recipe_goes_into_json():
    """For the log and the record."""
    assert Recipe(**json.loads(json.dumps(TINY.as_dict()))) == TINY


# --- data ------------------------------------------------------------------------------


def test_the_last_of_every_folder_are_held_out():
    """Trained on and validated never overlap, whatever the folder's size."""
    groups = tuple("a" * 30 + "b" * 25 + "c" * 15)
    files = LabelledFiles(tuple(groups), tuple([0] * 70), groups, ())
    chosen = replace(TINY, held_out=20, validated=10)
    trained, validated = split(files, chosen)
    assert trained == [*range(10), *range(30, 35)]
    assert validated == [*range(10, 20), *range(35, 45), *range(55, 65)]


def test_an_epoch_draws_classes_by_the_square_root_of_their_size():
    """And no image twice."""
    classes = torch.tensor([0] * 900 + [1] * 100)
    rows = draw_epoch(classes, 40, generator())
    assert len(rows.unique()) == 40
    counts = torch.zeros(2)
    for seed in range(200):
        counts += torch.bincount(classes[draw_epoch(classes, 20, generator(seed))], minlength=2)
    # Weights 30 : 10; drawing without replacement thins the small class a little.
    assert float(counts[1] / counts.sum()) == pytest.approx(0.25, abs=0.02)


def test_augmentation_shifts_and_flips_and_nothing_else():
    """Every result is a window of the padded picture, or its mirror image."""
    pixels = torch.arange(3 * 4 * 4).view(1, 3, 4, 4).repeat(60, 1, 1, 1).to(torch.uint8)
    images = augmented(pixels, 1, generator())
    padded = torch.nn.functional.pad(pixels[:1].float() / 255, (1,) * 4, mode="reflect")[0]
    windows = [padded[:, y : y + 4, x : x + 4] for y in range(3) for x in range(3)]
    windows += [window.flip(-1) for window in windows]
    seen = [next(i for i, w in enumerate(windows) if torch.equal(w, image)) for image in images]
    assert len(set(seen)) > 12, "all sorts occur"
    assert 15 < sum(index >= 9 for index in seen) < 45


# --- the inner attack --------------------------------------------------------------------


@pytest.mark.parametrize("threat", [L2Ball(0.5), LinfBall(0.05), L2Ball(0.0)])
def test_the_hardest_images_stay_in_the_ball(threat):
    """In float64, in the box; the images given do not change."""
    network = convolutional().module.float()
    images = pictures(6).float()
    kept = images.clone()
    found = hardest_images(
        network, images, labels(0, 1, 2, 0, 1, 2), threat,
        steps=3, step_size=0.4, stream=BatchStream(images, generator()),
    )  # fmt: skip
    assert (threat.distance(images, found) <= threat.eps).all()
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(images, kept)
    assert not found.requires_grad
    assert torch.equal(found, images) == (threat.eps == 0)


def test_the_hardest_images_have_a_higher_loss():
    """Than the images, and than their random starts."""
    network = convolutional().module.float()
    images, classes, ball = pictures(6).float(), labels(0, 1, 2, 0, 1, 2), L2Ball(1.0)
    start = ball.start(images, BatchStream(images, generator()))
    found = hardest_images(
        network, images, classes, ball,
        steps=5, step_size=0.4, stream=BatchStream(images, generator()),
    )  # fmt: skip

    def loss(x):
        return torch.nn.functional.cross_entropy(network(x), classes, reduction="none")

    assert (loss(found) > loss(images)).all()
    assert (loss(found) > loss(start)).all()


@pytest.mark.parametrize("training", [True, False])
def test_the_attack_leaves_the_network_as_it_was(training):
    """Mode, statistics, and no gradient on a parameter."""
    network = convolutional().module.float().train(training).requires_grad_(True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images, state = pictures(4).float(), torch.get_rng_state()
    hardest_images(
        network, images, labels(0, 1, 2, 0), L2Ball(0.5),
        steps=2, step_size=0.3, stream=BatchStream(images, generator()),
    )  # fmt: skip
    assert network.training is training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.equal(torch.get_rng_state(), state)


# --- runs --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Train without a break."""
    folder, run = tmp_path_factory.mktemp("whole"), tiny_run()
    train(run, tiny_set(), tiny_set(9, seed=1), folder, silent)
    return folder, run


class InterruptedTrainingError(Exception):
    """Raised in the middle of an epoch."""


@pytest.mark.parametrize("stop_at", [4, 7])
def test_a_resumed_run_gives_the_same_weights(whole, tmp_path, monkeypatch, stop_at):
    """Killed in the middle of the second or third epoch; bit for bit, logs and exports too."""
    calls = []

    def count_and_stop(*words):
        calls.append(1)
        if len(calls) == stop_at + 1:
            raise InterruptedTrainingError
        return update_average(*words)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "update_average", count_and_stop)
        with pytest.raises(InterruptedTrainingError):
            train(tiny_run(), tiny_set(), tiny_set(9, seed=1), tmp_path, silent)
    again = tiny_run(seed=99)  # other initial weights: the checkpoint's count
    train(again, tiny_set(), tiny_set(9, seed=1), tmp_path, silent)
    folder, run = whole
    assert same_weights(again.network, run.network)
    assert same_weights(again.average, run.average)
    for epoch in (1, 2, 3):
        name = f"epoch-{epoch:02d}.safetensors"
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert log_of(tmp_path) == log_of(folder)


def log_of(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "train_seconds"} for line in lines]


def test_a_finished_run_is_not_trained_further(whole):
    """Resuming it does nothing."""
    folder, run = whole
    before = (folder / "log.jsonl").read_text()
    again = tiny_run(seed=99)
    train(again, tiny_set(), tiny_set(9, seed=1), folder, silent)
    assert same_weights(again.average, run.average)
    assert (folder / "log.jsonl").read_text() == before


def test_the_log_has_a_line_an_epoch_with_accuracies(whole):
    """Clean and attacked, and the loss."""
    lines = log_of(whole[0])
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    for line in lines:
        assert 0 <= line["pgd10_l2_1.0"] <= line["clean"] <= 1
        assert line["training_loss"] > 0


def test_training_touches_no_global_random_numbers(tmp_path):
    """The recipe's seed is the only source."""
    run, before = tiny_run(replace(TINY, epochs=1)), torch.get_rng_state()
    train(run, tiny_set(), tiny_set(9, seed=1), tmp_path, silent)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_checkpoint_of_another_recipe_is_refused(whole):
    """Rather than mixed."""
    other = tiny_run(replace(TINY, peak_lr=0.2))
    with pytest.raises(InvalidInputError, match="was made with another recipe"):
        train(other, tiny_set(), tiny_set(9), whole[0], silent)


def test_a_failed_save_leaves_the_old_checkpoint(whole, tmp_path, monkeypatch):
    """It is written beside, then put in its place."""
    run, path = whole[1], tmp_path / "checkpoint.pt"
    run.save(path)
    before = path.read_bytes()

    def half(_state, target):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        run.save(path)
    assert path.read_bytes() == before


def test_training_learns(tmp_path):
    """Three colours are told apart after a few epochs: far better than by chance."""
    easy = replace(TINY, eps=0.0, step_size=0.0, epochs=12, images_per_epoch=40, ema_decay=0.5)
    run = tiny_run(easy)
    train(run, tiny_set(), tiny_set(30, seed=1), tmp_path, silent)
    assert validate(run.average, tiny_set(30, seed=2), easy)["clean"] > 0.6
    losses = [line["training_loss"] for line in log_of(tmp_path)]
    assert losses[-1] < losses[0]


def test_the_average_follows_the_weights():
    """decay · average + (1 − decay) · weight; early on, it forgets faster."""
    run = tiny_run()
    for parameter in run.network.parameters():
        parameter.data.add_(1.0)
    before = {k: v.clone() for k, v in run.average.state_dict().items()}
    for step, decay in ((0, 0.1), (10**6, 0.998)):
        update_average(run.average, run.network, 0.998, step)
        for name, value in run.average.named_parameters():
            weight = run.network.get_parameter(name).detach()
            assert_close(value, decay * before[name] + (1 - decay) * weight)
        before = {k: v.clone() for k, v in run.average.state_dict().items()}


def test_only_matrices_decay():
    """Biases and batch-norm parameters do not."""
    run = tiny_run()
    groups = run.optimizer.param_groups
    assert [group["weight_decay"] for group in groups] == [TINY.weight_decay, 0.0]
    assert all(p.ndim > 1 for p in groups[0]["params"])
    assert all(p.ndim == 1 for p in groups[1]["params"])
    trained = sum(len(group["params"]) for group in groups)
    assert trained == len(list(run.network.parameters())) - 1  # the first layer is frozen


# --- the frozen first layer ---------------------------------------------------------------


def test_a_whitening_exponent_of_one_gives_every_direction_the_same_variance():
    """Down to the floor, and uncorrelated; at 0 the filters are an orthogonal basis."""
    data = tiny_set(60)
    mean, std = data.mean_and_std()
    flat = patch_filters(data, mean, std, kernel=4, exponent=1.0)
    assert flat.shape == (48, 3, 4, 4)
    pixels = (data.pixels.double() / 255 - per_channel(mean)) / per_channel(std)
    patches = functional.unfold(pixels, 4, stride=4).transpose(1, 2).flatten(0, 1)
    put_out = ((patches - patches.mean(0)) @ flat.double().flatten(1).T).T.cov()
    variances = put_out.diagonal()
    assert float((put_out - put_out.diag().diag()).abs().max()) < 1e-3 * float(variances.max())
    assert float(variances.mean()) == pytest.approx(1, rel=1e-3)
    plain = patch_filters(data, mean, std, kernel=4, exponent=0.0).flatten(1)
    before = (patches - patches.mean(0)).T.cov()
    spread = torch.linalg.eigvalsh(before).flip(0)
    expected = 1 / (1 + 1e-3 * spread[0] / spread)  # flat, but for the floor
    assert_close(variances / variances[0], expected / expected[0], rtol=1e-3, atol=1e-6)
    assert_close(plain @ plain.T / (plain @ plain.T)[0, 0], torch.eye(48), rtol=0, atol=1e-5)


def test_the_first_layer_is_whitened_before_training_and_stays_as_it_is(whole):
    """All else is learned."""
    folder, run = whole
    stored = load_file(folder / "epoch-03.safetensors")["patches.weight"]
    assert torch.equal(stored, tiny_run().network.patches.weight.half())
    learned = {name for name, p in run.network.named_parameters() if p.requires_grad}
    assert learned == {name for name, _ in run.network.named_parameters()} - {"patches.weight"}


# --- release ------------------------------------------------------------------------------


def test_exported_weights_are_the_averages_in_half_precision(whole):
    """Every tensor but the counters."""
    folder, run = whole
    stored = load_file(folder / "epoch-03.safetensors")
    state = run.average.state_dict()
    assert stored.keys() == {k for k in state if not k.endswith("num_batches_tracked")}
    assert all(torch.equal(stored[name], state[name].half()) for name in stored)


def test_export_is_the_same_bytes_every_time(whole, tmp_path):
    """A digest means something."""
    for name in ("one", "two"):
        export(whole[1].average, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_release_is_weights_and_a_record_that_can_be_read(whole, tmp_path):
    """With the digest of exactly those weights, the recipe and its epoch."""
    folder = whole[0]
    trained = {**TINY.as_dict(), "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.2, 0.3], "torch": "x"}
    (folder / "recipe.json").write_text(json.dumps(trained))
    path = release(folder, TINY, 2, tmp_path / "models")
    described = read_record(path)
    shipped = (tmp_path / "models" / described.file).read_bytes()
    assert shipped == (folder / "epoch-02.safetensors").read_bytes()
    assert described.sha256 == hashlib.sha256(shipped).hexdigest()
    assert described.id == TINY.name
    assert described.is_robust
    assert described.training_eps == 0.5
    assert described.mean == (0.4, 0.5, 0.6)
    assert described.classes == tuple(TINY14)
    assert described.recipe["released_epoch"] == 2
    assert described.recipe["attack_steps"] == 2
    assert TINY.name in described.command


def test_an_epoch_that_was_not_reached_is_refused(whole, tmp_path):
    """And nothing is written."""
    with pytest.raises(InvalidInputError, match="has no weights of epoch 9; train further"):
        release(whole[0], TINY, 9, tmp_path / "models")
    assert not (tmp_path / "models").exists()
