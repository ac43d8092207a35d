"""The words of what is raised: read, refused in one sentence, and written back."""

import numpy as np
import pytest

from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments import regions
from advviz.experiments.goal_procedures import told_apart_at
from advviz.experiments.specs import VisualizeSpec
from advviz.experiments.units import (
    Term,
    check_unit,
    class_of,
    has_class,
    is_sum,
    numbers_of,
    renamed,
    terms,
    written,
)
from advviz.models.records import record

MODEL = "tiny14-robust-l2"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("class:cat", [(1, "class", "cat")]),
        ("unit:3", [(1, "unit", "3")]),
        ("channel:layer3.0:3", [(1, "channel", "layer3.0:3")]),
        ("class:cat - class:dog", [(1, "class", "cat"), (-1, "class", "dog")]),
        ("class:cat - 0.5 class:dog + 2*unit:3",
         [(1, "class", "cat"), (-0.5, "class", "dog"), (2, "unit", "3")]),
        ("-1/4 class:cat + cosine:flatten:sample:chelsea",
         [(-0.25, "class", "cat"), (1, "cosine", "flatten:sample:chelsea")]),
        ("dot:layer3:3=1,17=-0.5", [(1, "dot", "layer3:3=1,17=-0.5")]),
        ("class:jack-o'-lantern - class:black and gold garden spider",
         [(1, "class", "jack-o'-lantern"), (-1, "class", "black and gold garden spider")]),
        ("class:half - baked", [(1, "class", "half - baked")]),
    ],
)  # fmt: skip
def test_words_are_read_and_written_back(words, wanted):
    found = terms(words)
    assert [(each.weight, each.what, each.name) for each in found] == wanted
    assert terms(written(found)) == found


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("cat", "unit must be class:NAME"),
        ("class:cat -", "no class is called|has no class|class"),
        ("0 class:cat", r"a weight must lie in \(0, 1000\], got 0"),
        ("class:cat + 5000 class:dog", "a weight must lie in"),
        ("1/0 class:cat", "a weight must be a number"),
        (" + ".join(["class:cat"] * 9), "a sum may have 8 terms, got 9"),
        ("class:cat - class:unicorn", "unicorn"),
        ("class:cat + channel:nowhere:3", "layer must be one of flatten"),
        ("unit:256", r"unit must lie in \[0, 256\)"),
        ("cosine:nowhere:random-1", "layer must be one of flatten"),
        ("cosine:flatten:upwards", "a direction must be random-SEED"),
        ("dot:flatten:256=1", r"a unit must lie in \[0, 256\)"),
        ("cosine:flatten:sample:nobody", "there is no gallery picture"),
    ],
)
def test_what_a_model_cannot_be_asked_for_is_refused_in_a_sentence(words, told):
    with pytest.raises(AdvvizError, match=told) as caught:
        VisualizeSpec(model=MODEL, unit=words).resolved()
    assert "\n" not in str(caught.value)


def test_a_single_class_is_told_from_a_sum():
    assert class_of("class:cat") == "cat"
    assert class_of("class:cat - class:dog") is None
    assert class_of("unit:3") is None
    sums = ("class:cat - unit:3", "dot:layer3:3=1")
    assert [is_sum(words) for words in ("class:cat", "unit:3", *sums)] == [False, False, True, True]
    assert has_class("unit:3 - class:dog")
    assert not has_class("unit:3 - unit:4")
    assert renamed("class:CAT - 0.5 class:DOG + unit:3", str.lower) == (
        "class:cat - 0.5 class:dog + unit:3"
    )
    assert dict(numbers_of("3=1, 17=-1/2", 20)) == {3: 1.0, 17: -0.5}
    check_unit("dot:flatten:random-7", record(MODEL))


def test_results_from_before_sums_keep_their_keys_and_what_is_new_enters_them():
    plain = VisualizeSpec(model=MODEL, unit="class:cat").resolved()
    assert plain.keys() == {
        "unit", "start", "method", "steps", "eps", "step_size", "score", "seed", "numerics",
    }  # fmt: skip
    drawn = {"model": MODEL, "unit": "cosine:flatten:sample:chelsea", "start": "sketch:fish"}
    found = [
        VisualizeSpec(**{**drawn, **words}).resolved()
        for words in (
            {}, {"region": "box:0,0,50,50"}, {"region": "box:0,0,50,50", "fill": "grey"},
            {"pictures": 2}, {"pictures": 2, "diversity": 1.0}, {"method": "maco"},
            {"method": "maco", "crops": 2}, {"method": "maco", "spectrum": "sample:chelsea"},
        )
    ]  # fmt: skip
    assert len({repr(each) for each in found}) == len(found)
    assert all("directions" in each for each in found)


def test_a_region_is_a_rectangle_or_the_light_of_a_mask():
    found = regions.mask("box:25,50,50,25", 8)
    wanted = np.zeros((8, 8), bool)
    wanted[4:6, 2:6] = True
    assert np.array_equal(found, wanted)
    assert regions.mask("everything", 8).all()
    light = regions.mask("sketch:bridge", 32)
    assert 0 < light.sum() < light.size
    for words in ("box:50,0,60,10", "box:0,0,0,10", "box:a,b,c,d", "somewhere"):
        with pytest.raises(InvalidInputError, match="a region must be everything"):
            regions.mask(words, 8)
    with pytest.raises(InvalidInputError, match="a region is of a picture"):
        VisualizeSpec(model=MODEL, unit="class:cat", region="box:0,0,50,50").resolved()


def test_pictures_are_told_apart_where_their_layer_has_positions():
    described = record(MODEL)
    assert told_apart_at(terms("class:cat"), described) == "layer3"
    assert told_apart_at(terms("unit:4"), described) == "layer3"
    assert told_apart_at(terms("channel:layer1:4 - class:cat"), described) == "layer1"
    assert terms("unit:4")[0] == Term(1.0, "unit", "4")


def test_somebody_s_own_picture_is_noticed_wherever_it_takes_part():
    own = "sha256:" + "0" * 64
    for words in ({"unit": f"cosine:flatten:{own}"}, {"region": own}, {"spectrum": own}):
        assert VisualizeSpec(**{"model": MODEL, "unit": "class:cat", **words}).is_personal
    assert not VisualizeSpec(model=MODEL, unit="class:cat").is_personal
