"""What a rendered picture means, as arithmetic."""

import warnings
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from advviz import pictures
from advviz.errors import InvalidInputError
from advviz.pictures.maps import BLUE, INK, RED

WHITE = [255, 255, 255]


@pytest.fixture
def gradient():
    return np.random.default_rng(0).normal(size=(3, 20, 30)).astype(np.float32)


@pytest.fixture
def pixels():
    return np.random.default_rng(1).random((3, 8, 8)).astype(np.float32)


def darkness(image):
    return 255 - image.astype(int).sum(axis=2) / 3


def test_the_ink_scale_is_the_99th_percentile_of_the_summed_sizes(gradient):
    amounts = np.abs(gradient.astype(np.float64)).sum(axis=0)
    assert pictures.ink_scale(gradient) == pytest.approx(np.percentile(amounts, 99))


def test_ink_is_white_at_zero_full_from_the_scale_on_and_linear_between():
    gradient = np.array([0.0, 0.25, 0.5, 1.0, 7.0]).reshape(1, 1, 5)
    shares = np.array([0, 0.25, 0.5, 1, 1])[:, None]
    expected = np.rint(np.array(WHITE) + shares * (np.array(INK) - WHITE))
    np.testing.assert_array_equal(pictures.absolute_ink(gradient, scale=1.0)[0], expected)


def test_ink_sums_sizes_over_channels_so_opposite_signs_do_not_cancel():
    gradient = np.array([1.0, -1.0, 0.0]).reshape(3, 1, 1)
    same = np.array([1.0, 1.0, 0.0]).reshape(3, 1, 1)
    ink = pictures.absolute_ink(gradient, scale=4.0)
    np.testing.assert_array_equal(ink, pictures.absolute_ink(same, scale=4.0))
    assert (ink < 255).all()


def test_ink_is_the_same_for_a_gradient_its_negative_and_any_multiple(gradient):
    ink = pictures.absolute_ink(gradient)
    np.testing.assert_array_equal(ink, pictures.absolute_ink(-gradient))
    np.testing.assert_array_equal(ink, pictures.absolute_ink(gradient * np.float32(2**-60)))


def test_at_most_one_pixel_in_a_hundred_is_clipped(gradient):
    full = (pictures.absolute_ink(gradient, pictures.ink_scale(gradient)) == INK).all(axis=2)
    assert 1 <= full.sum() <= 0.01 * full.size + 1


@pytest.mark.parametrize("draw", [pictures.absolute_ink, pictures.signed])
@pytest.mark.parametrize("scale", [None, 0.0, 1.0])
def test_a_zero_gradient_is_pure_white_without_a_warning(draw, scale):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(draw(np.zeros((3, 4, 5)), scale), np.full((4, 5, 3), 255))


@pytest.mark.parametrize("size", [1.0, 5e-324, 1e300])
def test_one_lone_pixel_is_drawn_though_the_percentile_is_zero(size):
    gradient = np.zeros((3, 64, 64))
    gradient[1, 5, 6] = size
    ink = pictures.absolute_ink(gradient)
    assert ink[5, 6].tolist() == list(INK)
    assert (ink == 255).all(axis=2).sum() == 64 * 64 - 1


def test_where_the_percentile_is_zero_the_largest_amount_is_the_scale():
    gradient = np.zeros((1, 64, 64))
    gradient[0, 5, 6:8] = 1, 2
    assert pictures.ink_scale(gradient) == 2
    assert pictures.signed_scale(gradient) == 2
    drawn = pictures.absolute_ink(gradient)[5, 6]
    np.testing.assert_array_equal(drawn, np.rint((np.array(WHITE) + INK) / 2))


def test_signed_is_red_for_positive_blue_for_negative_white_for_zero():
    gradient = np.array([[2.0, -2.0, 1.0, 0.0], [0.0, 0.0, -1.0, 0.0]]).reshape(2, 1, 4)
    drawn = pictures.signed(gradient, scale=2.0)[0].tolist()
    assert drawn == [list(RED), list(BLUE), WHITE, WHITE]


def test_the_sign_of_a_gradient_changes_its_colour_and_not_where_it_is_white(gradient):
    drawn, negative = pictures.signed(gradient), pictures.signed(-gradient)
    total = gradient.astype(np.float64).sum(axis=0)
    clear = np.abs(total) > 0.1 * pictures.signed_scale(gradient)
    redder = drawn[..., 0].astype(int) > drawn[..., 2]
    np.testing.assert_array_equal(redder[clear], (total > 0)[clear])
    np.testing.assert_array_equal((negative[..., 2] > negative[..., 0])[clear], redder[clear])


def test_tutorial_colours_are_three_deviations_about_half_grey(gradient):
    values = gradient.astype(np.float64)
    for channel in range(3):
        g = values[channel]
        expected = np.clip((g - g.mean()) / (3 * g.std(ddof=1)) + 0.5, 0, 1)
        drawn = pictures.tutorial_rgb(gradient)[..., channel]
        np.testing.assert_allclose(drawn / 255, expected, atol=0.5 / 255 + 1e-12)


def test_tutorial_colours_ignore_shift_and_scale_of_each_channel(gradient):
    moved = gradient.astype(np.float64) * [[[3.0]], [[0.01]], [[100.0]]] + [[[5.0]], [[-1]], [[0]]]
    drawn, other = pictures.tutorial_rgb(gradient), pictures.tutorial_rgb(moved)
    assert np.abs(drawn.astype(int) - other).max() <= 1


def test_tutorial_colours_of_a_constant_channel_are_half_grey():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape in ((3, 4, 4), (3, 1, 1)):
            assert set(pictures.tutorial_rgb(np.full(shape, 0.25)).ravel()) == {128}


def test_scales_are_ones_own_the_models_or_everyones(gradient):
    maps = {"a/clean": gradient, "a/attacked": 2 * gradient, "b/clean": gradient / 100}
    own = pictures.ink_scale(gradient)
    cases = {"picture": (1, 2, 0.01), "model": (2, 2, 0.01), "all": (2, 2, 2)}
    for scope, factors in cases.items():
        found = pictures.scales(maps, scope)
        assert list(found) == list(maps)
        assert list(found.values()) == pytest.approx([own * factor for factor in factors])


def test_a_shared_scale_keeps_the_ratio_of_two_maps(gradient):
    shared = pictures.scales({"a/x": gradient, "a/y": gradient / 4}, "model")
    strong = darkness(pictures.absolute_ink(gradient, shared["a/x"]))
    weak = darkness(pictures.absolute_ink(gradient / 4, shared["a/y"]))
    unclipped = strong < 230
    np.testing.assert_allclose(weak[unclipped], strong[unclipped] / 4, atol=1)


def test_scales_can_measure_signed_sums_and_refuse_another_scope(gradient):
    found = pictures.scales({"a": gradient}, "picture", pictures.signed_scale)
    assert found == {"a": pictures.signed_scale(gradient)}
    with pytest.raises(InvalidInputError, match="scope must be picture, model or all, got 'row'"):
        pictures.scales({"a": gradient}, "row")


def test_grey_is_unchanged_at_any_gain(pixels):
    for gain in (1, 20, 1e6):
        assert set(pictures.perturbation(pixels, pixels, gain).ravel()) == {128}


def test_the_gain_multiplies_the_true_change():
    """At gain 1 a change of k/255 is k levels; at gain 5 it is 5 k, until it clips."""
    original = np.full((3, 1, 4), 0.5)
    levels = np.array([-30.0, -1.0, 2.0, 30.0])
    adversarial = original + levels / 255
    for gain in (1, 5):
        drawn = pictures.perturbation(original, adversarial, gain)[0, :, 0]
        np.testing.assert_array_equal(drawn, np.clip(128 + gain * levels, 0, 255))


def test_a_photo_is_rounded_to_the_nearest_level_and_clipped():
    values = np.array([-0.1, 0.0, 0.499 / 255, 0.501 / 255, 1.0, 1.2]).reshape(1, 1, 6)
    drawn = pictures.photo(np.repeat(values, 3, axis=0))
    assert drawn[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]


def test_eight_bit_is_what_a_saved_file_gives_back(pixels):
    """The 8-bit truth: the picture through PNG, and stable from then on."""
    saved = np.asarray(Image.open(BytesIO(pictures.png(pictures.photo(pixels)))))
    read = saved.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    rounded = pictures.eight_bit(pixels)
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(rounded, read)
    np.testing.assert_array_equal(pictures.eight_bit(rounded), rounded)
    assert np.abs(rounded - pixels).max() <= 0.5 / 255 + 1e-7


def test_every_level_survives_a_round_trip():
    levels = np.arange(256, dtype=np.float32).reshape(1, 16, 16).repeat(3, axis=0)
    drawn = pictures.photo(levels / np.float32(255))
    np.testing.assert_array_equal(drawn, levels.transpose(1, 2, 0))


def test_enlarging_repeats_pixels_and_invents_none(pixels):
    image = pictures.photo(pixels)
    large = pictures.enlarged(image, 3)
    assert large.shape == (24, 24, 3)
    for offset in (0, 1, 2):
        np.testing.assert_array_equal(large[offset::3, offset::3], image)
    with pytest.raises(InvalidInputError, match="factor must be >= 1"):
        pictures.enlarged(image, 0)


def test_inputs_are_not_modified(gradient, pixels):
    for array in (gradient, pixels):
        array.flags.writeable = False
    pictures.absolute_ink(gradient)
    pictures.signed(gradient)
    pictures.tutorial_rgb(gradient)
    pictures.perturbation(pixels, pixels, 2.0)
    pictures.eight_bit(pixels)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "draw",
    [
        pictures.absolute_ink,
        pictures.ink_scale,
        pictures.signed,
        pictures.tutorial_rgb,
        pictures.photo,
        pictures.eight_bit,
        lambda x: pictures.perturbation(x, np.zeros_like(x), 1.0),
        lambda x: pictures.perturbation(np.zeros_like(x), x, 1.0),
    ],
)
def test_what_is_not_finite_is_refused(draw, bad):
    array = np.zeros((3, 4, 4))
    array[1, 2, 3] = bad
    with pytest.raises(InvalidInputError, match="must be finite to be drawn"):
        draw(array)


@pytest.mark.parametrize("shape", [(4, 4), (1, 3, 4, 4), (3, 0, 4), (1, 4, 4)])
def test_another_shape_is_refused_with_the_shape(shape):
    with pytest.raises(InvalidInputError, match=r"must be one array \[3, H, W\], got shape"):
        pictures.photo(np.zeros(shape))


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_size_is_refused(gradient, scale):
    with pytest.raises(InvalidInputError, match="scale must be finite and >= 0"):
        pictures.absolute_ink(gradient, scale)


@pytest.mark.parametrize("gain", [0, -1.0, float("nan"), float("inf")])
def test_a_gain_that_shows_nothing_is_refused(pixels, gain):
    with pytest.raises(InvalidInputError, match="gain must be finite and > 0"):
        pictures.perturbation(pixels, pixels, gain)


def test_two_shapes_have_no_difference(pixels):
    with pytest.raises(InvalidInputError, match="one shape"):
        pictures.perturbation(pixels, pixels[:, :4], 1.0)


def test_a_sheet_holds_every_picture_pixel_for_pixel(pixels):
    first, second = pictures.photo(pixels), pictures.photo(1 - pixels)
    page = pictures.sheet([[first, second], [second]], cell=16, gap=4)
    assert page.shape == (4 + 2 * 20, 4 + 2 * 20, 3)
    np.testing.assert_array_equal(page[4:20, 4:20], pictures.enlarged(first, 2))
    np.testing.assert_array_equal(page[4:20, 24:40], pictures.enlarged(second, 2))
    np.testing.assert_array_equal(page[24:40, 4:20], pictures.enlarged(second, 2))
    assert (page[24:40, 24:40] == 255).all()


def test_labels_are_written_beside_the_pictures_and_never_over_them(pixels):
    image = pictures.photo(pixels)
    plain = pictures.sheet([[image, image]], cell=64)
    labelled = pictures.sheet(
        [[image, image]],
        cell=64,
        row_labels=["✗ Fooled → goldfish 98%"],
        column_labels=["original", "change ×20"],
        captions=[["cat", "ε = 1"]],
    )
    assert labelled.shape[0] > plain.shape[0]
    assert labelled.shape[1] == plain.shape[1]
    enlarged = pictures.enlarged(image, 8)
    tops = [y for y in range(labelled.shape[0] - 63)
            if (labelled[y : y + 64, 8:72] == enlarged).all()]  # fmt: skip
    assert len(tops) == 1
    assert (labelled[: tops[0]] < 128).any(), "labels above"
    assert (labelled[tops[0] + 64 :] < 128).any(), "captions below"


def test_a_picture_larger_than_its_cell_is_reduced(pixels):
    page = pictures.sheet([[pictures.enlarged(pictures.photo(pixels), 40)]], cell=100, gap=0)
    assert page.shape == (100, 100, 3)


def test_a_sheet_with_the_wrong_number_of_labels_is_refused(pixels):
    image = pictures.photo(pixels)
    with pytest.raises(InvalidInputError, match="at least one picture"):
        pictures.sheet([])
    with pytest.raises(InvalidInputError, match="row_labels must have 1 entries or none, got 2"):
        pictures.sheet([[image]], row_labels=["a", "b"])
    with pytest.raises(InvalidInputError, match="captions of a row"):
        pictures.sheet([[image]], captions=[["a", "b"]])
