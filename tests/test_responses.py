"""What units answer to pictures: where, how much, and which pictures come first."""

import json

import numpy as np
import pytest
import torch
from rectified import residual
from torch import nn
from torch.testing import assert_close
from toys import Convolutional, built, convolutional, labels, pictures

from advviz.cli import main
from advviz.compute import Engine
from advviz.errors import AdvvizError, InvalidInputError, UnknownNameError
from advviz.experiments.references import is_personal
from advviz.experiments.responses import (
    ResponsesSpec,
    alike,
    cropped,
    in_chain,
    never_active,
    ranked,
)
from advviz.experiments.result import Result
from advviz.featurevis import responses as module_of
from advviz.featurevis.activations import activations
from advviz.featurevis.responses import class_weights, responses
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.objectives import Unit
from advviz.pictures import png
from advviz.protocol import Query, run

SIDE = 16


class Copying(nn.Module):
    """A layer whose channels are the picture's colours, seen through a window; then the mean."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, window, padding=window // 2, bias=False)
        weight = torch.zeros(3, 3, window, window)
        weight[range(3), range(3)] = 1.0
        self.layer.weight = nn.Parameter(weight)
        self.tokens = nn.Identity()
        self.fc = nn.Linear(3, 2)

    def forward(self, images):
        found = self.layer(images)
        tokens = self.tokens(found.flatten(2).transpose(1, 2))
        return self.fc(tokens.mean(1))


def dots(*places):
    """Black pictures, each with one red dot."""
    images = torch.zeros(len(places), 3, SIDE, SIDE)
    for image, (row, column) in zip(images, places, strict=True):
        image[0, row, column] = 1.0
    return images


def copying(window):
    return Classifier(built(Copying, window))


@pytest.mark.parametrize("pixels", [1, 10**6])
def test_the_numbers_are_those_of_the_layer(pixels, monkeypatch):
    """Largest and mean over the positions, however many pictures a call runs."""
    monkeypatch.setattr(module_of, "PIXELS", pixels)
    images, network = pictures(5), convolutional()
    found = run(responses(images, "conv2"), network)
    kept = []
    network.module.conv2.register_forward_hook(lambda *told: kept.append(told[2]))
    network.module(images)
    assert_close(found.maxima, kept[0].amax((2, 3)))
    assert_close(found.means, kept[0].mean((2, 3)))


def test_what_follows_a_layer_in_place_leaves_its_answers_alone():
    """A sum in place follows norm2; whoever asks gets what norm2 gave, and the gradient of that."""
    network, images = Classifier(residual()), pictures(2, (3, 8, 8))
    apart = residual()
    apart.norm2 = nn.Sequential(apart.norm2, nn.Dropout(0.5)).eval()
    kept = run(activations(images, "norm2"), network)
    assert_close(run(responses(images, "norm2"), network).maxima, kept.amax((2, 3)))
    answer = network.answer(Query(images, Unit("norm2", labels(1, 2))))
    assert_close(answer.values, kept.mean((2, 3))[[0, 1], [1, 2]])
    expected = Classifier(apart).answer(Query(images, Unit("norm2.0", labels(1, 2))))
    assert_close(answer.gradients, expected.gradients)


def test_a_crop_lies_where_the_unit_fired_and_stays_inside():
    """A window of one pixel sees that pixel; one of three moves inward at the border."""
    places = ((2, 13), (0, 0), (15, 7))
    images = 0.1 + 0.9 * dots(*places)
    found = run(responses(images, "layer"), copying(1))
    assert (found.crop, found.field) == (1, 1)
    assert [tuple(corner.tolist()) for corner in found.corners[:, 0]] == list(places)
    wide = run(responses(images, "layer"), copying(3))
    assert (wide.crop, wide.field) == (3, 3)
    for image, corner in zip(images, wide.corners[:, 0].tolist(), strict=True):
        top, left = corner
        assert image[0, top : top + 3, left : left + 3].shape == (3, 3)
        assert image[0, top : top + 3, left : left + 3].max() == image.max()


def test_a_field_is_all_that_a_position_sees_and_a_crop_most_of_what_moves_it():
    """Two convolutions of three pixels see five; a bell in them is moved by its middle."""
    assert run(responses(pictures(4, (3, 12, 12)), "conv2"), convolutional()).field == 5
    network = copying(9)
    offsets = torch.arange(9) - 4.0
    bell = torch.exp(-(offsets[:, None] ** 2 + offsets**2) / 8)
    with torch.no_grad():
        network.module.layer.weight[range(3), range(3)] = bell
    found = run(responses(pictures(2, (3, SIDE, SIDE)).float(), "layer"), network)
    squared = bell.square() / bell.square().sum()
    assert squared[2:7, 2:7].sum() < module_of.SHARE <= squared[2:8, 2:8].sum()
    assert (found.crop, found.field) == (6, 9)


@pytest.mark.parametrize("layer", ["tokens", "fc"])
def test_without_positions_the_whole_picture_is_shown(layer):
    """Tokens see each other, and the last layers everything."""
    images = dots((3, 3), (9, 9))
    found = run(responses(images, layer), copying(3))
    assert (found.crop, found.field) == (SIDE, SIDE)
    assert not found.corners.any()
    if layer == "tokens":
        assert_close(found.maxima[:, 0], torch.ones(2))
        assert_close(found.means[:, 0], torch.full((2,), 9 / SIDE**2))


def test_a_layer_that_is_not_there_or_has_no_units_is_refused():
    with pytest.raises(UnknownNameError, match="no layer called 'conv9'"):
        run(responses(pictures(1), "conv9"), convolutional())

    class Deep(Convolutional):
        def __init__(self):
            super().__init__()
            self.deep = nn.Identity()

        def forward(self, images):
            return super().forward(self.deep(images[None])[0])

    with pytest.raises(InvalidInputError, match="got 5 dimensions"):
        run(responses(pictures(1), "deep"), Classifier(built(Deep)))


def test_class_weights_are_those_of_the_last_layer():
    network = convolutional(classes=4)
    weights = run(class_weights(6, 4), network)
    assert torch.equal(weights, network.module.fc.weight.T)
    assert run(class_weights(5, 4), network) is None


# --- what is read off a result ---------------------------------------------------------


def planted():
    """Four pictures and four units: 0 and 2 answer alike, 1 the other way, 3 never."""
    maxima = np.array([[1, 9, 2, 0], [2, 6, 4, -1], [3, 3, 6, 0], [4, 0, 8, -2]], np.float32)
    return Result.of({"maxima": maxima}, {})


def test_pictures_are_ranked_by_what_a_unit_answers():
    assert ranked(planted(), 0).tolist() == [3, 2, 1, 0]
    assert ranked(planted(), 1).tolist() == [0, 1, 2, 3]


def test_a_unit_that_rises_nowhere_above_zero_is_never_active():
    assert never_active(planted()).tolist() == [False, False, False, True]


def test_a_chain_puts_units_that_answer_alike_side_by_side():
    likeness = alike(planted())
    np.testing.assert_allclose(likeness[0, 1:3], [-1, 1])
    chain = in_chain(planted()).tolist()
    assert sorted(chain) == [0, 1, 2, 3]
    assert chain[0] == 1
    assert abs(chain.index(0) - chain.index(2)) == 1


def test_a_unit_that_always_answers_the_same_is_like_no_other():
    constant = Result.of({"maxima": np.array([[1, 5], [2, 5]], np.float32)}, {})
    np.testing.assert_array_equal(alike(constant), np.eye(2))


# --- the experiment ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def one():
    made = Engine(use_shipped=False)
    yield made
    made.close()


def test_the_gallery_is_shown_to_a_shipped_network(one):
    """Numbers of the network as it is; the crop holds the position of the largest activation."""
    spec = ResponsesSpec(model="cifar10-standard", layer="layer2")
    found = one.run(spec)
    images = torch.from_numpy(found.arrays["pictures"].astype(np.float32) / np.float32(255))
    network, kept = load_model(spec.model), []
    network.layer2.register_forward_hook(lambda *told: kept.append(told[2]))
    with torch.no_grad():
        network(images)
    assert_close(torch.from_numpy(found.arrays["maxima"].copy()), kept[0].amax((2, 3)))
    assert found.facts["names"][0] == "chelsea"
    assert len(found.facts["names"]) == len(images)
    assert found.facts["field"] == 28
    picture, unit = int(ranked(found, 5)[0]), 5
    place = kept[0][picture, unit].flatten().argmax().item()
    row, column = (2 * int(p) for p in divmod(place, 16))  # the layer halves the picture once
    top, left = found.arrays["corners"][picture, unit]
    side = found.facts["crop"]
    assert top <= row < top + side
    assert left <= column < left + side
    assert cropped(found, picture, unit).shape == (3, side, side)


def test_somebodys_own_folder_stays_in_memory_and_says_what_it_could_not_read(one, tmp_path):
    (tmp_path / "cats").mkdir()
    levels = (np.arange(32 * 32 * 3) % 251).reshape(32, 32, 3).astype(np.uint8)
    (tmp_path / "cats" / "one.png").write_bytes(png(levels))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    spec = ResponsesSpec(model="cifar10-standard", layer="layer1", images=str(tmp_path))
    assert is_personal(spec)
    assert not is_personal(ResponsesSpec(model="cifar10-standard"))
    found = one.run(spec)
    assert (found.facts["names"], found.facts["left_out"]) == (["cats/one.png"], 1)
    np.testing.assert_array_equal(found.arrays["pictures"][0], levels.transpose(2, 0, 1))
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdvvizError, match="no PNG, JPEG or WebP"):
        one.run(ResponsesSpec(model="cifar10-standard", images=str(tmp_path / "empty")))
    with pytest.raises(AdvvizError, match="images must be gallery, folder or the path"):
        one.run(ResponsesSpec(model="cifar10-standard", images=str(tmp_path / "nowhere")))


def test_the_command_tells_draws_and_writes_what_a_unit_answers(tmp_path, capsys):
    sheet, arrays = tmp_path / "unit.png", tmp_path / "all.npz"
    words = ["responses", "--model", "cifar10-robust-l2", "--layer", "layer1", "--unit", "3"]
    assert main([*words, "--count", "2", "--out", str(sheet), "--npz", str(arrays), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (unit,) = told["units"]
    with np.load(arrays) as kept:
        column = kept["maxima"][:, 3]
    assert [each["largest"] for each in unit["strongest"]] == sorted(map(float, column))[:-3:-1]
    assert [each["largest"] for each in unit["weakest"]] == sorted(map(float, column))[:2]
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert main([*words[:5], "--out", str(sheet)]) == 2
    assert "--unit" in capsys.readouterr().err
