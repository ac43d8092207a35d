"""The atlas of a layer: each tile is its unit's own drawing, whatever is drawn beside it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close
from toys import InParts, convolutional

from advviz.cli import main
from advviz.compute import Engine
from advviz.compute.files import from_bytes, to_bytes
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.evaluation.one_page import report
from advviz.experiments.atlas import AtlasSpec, levels_of, packed, pictures_of, sheet_file
from advviz.experiments.responses import ResponsesSpec, resolved_layer
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.atlas import atlas
from advviz.featurevis.responses import width_of
from advviz.models.loading import load_model
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import Unit
from advviz.pictures import png
from advviz.pictures.tiles import from_webp, levelled, tiled, untiled
from advviz.protocol import Query, run

LIKE = torch.zeros(1, 3, 8, 8, dtype=torch.float64)
PARAMS = AscentParams(eps=2, step_size=0.3, steps=5)
MODEL = "cifar10-standard"


def drawing(rows, objective):
    return ascent(noise_images(rows, Noise(4)), objective, PARAMS, noise=Noise(4))


def drawn(rows=6, side=8, network=None, units=range(6)):
    made = atlas(LIKE, "conv2", units, drawing, rows=rows, side=side)
    return run(made, network or convolutional())


def test_each_tile_is_what_its_unit_alone_draws():
    """From the same noise: neither its place nor its neighbours matter."""
    found = drawn(rows=4)
    for unit in range(6):
        objective = Unit("conv2", torch.tensor([unit]))
        alone = run(drawing(LIKE, objective), convolutional())
        wanted = (alone.pictures[0] * 255).round().to(torch.uint8)
        assert torch.equal(found.pictures[unit], wanted)
        assert_close(found.start_values[unit], alone.values[0, 0])
    assert torch.equal(drawn(rows=1, units=[5, 2]).pictures, found.pictures[[5, 2]])
    assert torch.equal(drawn(network=InParts(convolutional(), 2)).pictures, found.pictures)


def test_values_are_of_the_tile_as_it_is_saved():
    """An exact answer about eight bits, not about the search's last picture."""
    found = drawn()
    saved = found.pictures.double() / 255
    question = Query(saved, Unit("conv2", torch.arange(6)), gradient=False)
    assert_close(found.values, convolutional().answer(question).values.to(found.values))
    assert (found.values > found.start_values).all()


def test_a_tile_smaller_than_the_drawing_is_its_average():
    whole, small = drawn().pictures, drawn(side=4).pictures
    mean = whole.double().view(6, 3, 4, 2, 4, 2).mean((3, 5))
    assert (small.double() - mean).abs().max() <= 0.5


def test_progress_counts_the_steps_of_all_batches():
    made, told, reply = atlas(LIKE, "conv2", range(6), drawing, rows=4, side=8), [], None
    network = convolutional()
    try:
        while True:
            question = made.send(reply)
            told.append(question.progress)
            reply = network.answer(question)
    except StopIteration:
        pass
    steps = [(each.done, each.total) for each in told if each is not None]
    assert steps == [(step, 2 * PARAMS.steps) for step in range(2 * PARAMS.steps)]


def test_the_width_of_a_layer_is_asked_of_the_network():
    assert run(width_of(LIKE, "conv"), convolutional()) == 5
    with pytest.raises(UnknownNameError, match="no layer called 'conv7'"):
        run(width_of(LIKE, "conv7"), convolutional())


# --- sheets -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 16, 37])
def test_a_sheet_is_cut_into_the_tiles_that_it_was_made_of(count):
    made = np.arange(count * 3 * 4 * 4, dtype=np.int64).reshape(count, 3, 4, 4) % 256
    tiles = made.astype(np.uint8)
    laid = tiled(tiles)
    assert laid.shape == (4 * -(-count // 16), 4 * min(count, 16), 3)
    np.testing.assert_array_equal(untiled(laid, count, 4), tiles)


@pytest.fixture(scope="module")
def one():
    made = Engine(use_shipped=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def small():
    return AtlasSpec(model=MODEL, layer="layer1", steps=2, units=18, numerics="reference")


def test_an_atlas_that_ships_shows_the_bytes_of_its_file_and_says_so(one, small):
    """Few levels, near to what was computed, and the same after a file."""
    found = one.run(small)
    shipped = from_bytes(to_bytes(packed(found, 8)))
    assert shipped.facts["levels"] == 8
    assert "pictures" not in shipped.arrays
    sheet = from_webp(sheet_file(shipped))
    np.testing.assert_array_equal(pictures_of(shipped), untiled(sheet, 18, 32))
    assert len(np.unique(sheet)) == 8
    far = np.abs(pictures_of(shipped).astype(float) - found.arrays["pictures"])
    assert 0 < far.max() <= np.ceil(255 / 7 / 2)
    assert pictures_of(found) is found.arrays["pictures"]
    shown = from_webp(sheet_file(found))
    assert shown.shape == (64, 512, 3)
    assert len(np.unique(shown)) == levels_of(found) == 16


def test_few_levels_are_the_nearest_ones_and_keep_black_and_white():
    levels = np.arange(256, dtype=np.uint8)
    assert np.unique(levelled(levels, 6)).tolist() == [0, 51, 102, 153, 204, 255]
    assert np.abs(levelled(levels, 6).astype(int) - levels).max() <= 26
    np.testing.assert_array_equal(levelled(levels, 256), levels)


def test_a_tile_is_the_picture_of_the_drawing_that_it_leads_to(one, small):
    """Byte for byte, in eight bits; so a click shows what was clicked."""
    found = one.run(small)
    alone = one.run(small.drawing(7, record(MODEL)))
    np.testing.assert_array_equal(
        np.rint(alone.arrays["picture"] * 255).astype(np.uint8), found.arrays["pictures"][7]
    )


def test_units_of_the_layer_before_the_classes_carry_their_weights(one):
    spec = AtlasSpec(model=MODEL, steps=1, units=5, numerics="reference")
    weights = one.run(spec).arrays["class_weights"]
    assert weights.shape == (5, 10)
    head = load_model(MODEL).fc.weight.detach().numpy()
    np.testing.assert_array_equal(weights, head.T[:5])


def test_the_key_names_the_layer_and_forgets_what_the_method_does_not_use():
    penultimate = AtlasSpec(model=MODEL)
    assert penultimate.resolved() == AtlasSpec(model=MODEL, layer="flatten").resolved()
    assert penultimate.resolved()["side"] == 32
    assert penultimate.resolved()["eps"] == 20
    prior = AtlasSpec(model=MODEL, method="fourier")
    assert prior.resolved() == AtlasSpec(model=MODEL, method="fourier", eps=3.0).resolved()
    with pytest.raises(InvalidInputError, match="does not say which layer"):
        resolved_layer("penultimate", replace(record(MODEL), layers={}))


def test_the_command_draws_one_sheet_with_every_unit(tmp_path, capsys):
    out, arrays = tmp_path / "sheet.png", tmp_path / "atlas.npz"
    words = ["atlas", "--model", MODEL, "--layer", "layer1", "--steps", "2", "--units", "18"]
    assert main([*words, "--out", str(out), "--npz", str(arrays), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["layer"], told["width"], len(told["values"])) == ("layer1", 32, 18)
    with Image.open(out) as image, np.load(arrays) as kept:
        assert image.width > 16 * 64
        assert kept["pictures"].shape == (18, 3, 32, 32)
    assert main(["atlas", "--model", MODEL, "--layer", "nowhere", "--out", str(out)]) == 2
    assert "no layer called 'nowhere'" in capsys.readouterr().err


# --- reports ------------------------------------------------------------------------------


def test_a_report_says_how_many_rose_and_what_that_does_not_show(one, small):
    result = one.run(small)
    rose = int((result.arrays["values"] > result.arrays["start_values"]).sum())
    page = report(small, {small: result})
    assert f"{rose} end above their start" in page
    assert "no proof of what the unit is for" in page
    assert page.count("data:image/png") == 5


def test_a_report_about_somebodys_folder_shows_neither_its_path_nor_its_pictures(one, tmp_path):
    for number in range(2):
        levels = np.full((32, 32, 3), 40 + 90 * number, np.uint8)
        (tmp_path / f"secret-{number}.png").write_bytes(png(levels))
    spec = ResponsesSpec(model=MODEL, layer="layer1", images=str(tmp_path))
    result = one.run(spec)
    page = report(spec, {spec: result})
    assert "of 2 sample pictures" in page.replace("none\n", "none ")
    assert str(tmp_path) not in page
    assert "secret-" not in page
    assert "data:image/png" not in page
    assert page.count("data:image/png") < report(spec, {spec: result}, with_picture=True).count(
        "data:image/png"
    )
