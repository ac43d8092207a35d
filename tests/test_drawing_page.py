"""The modes of the page Feature visualization: what each asks of the engine, says and refuses."""

import pytest
from fake_engine import FakeEngine
from test_pages import link_of, opened, told

from advviz.experiments import links
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.specs import PredictSpec, VisualizeSpec

PAGE = "feature_visualization.py"
MODELS = ["tiny14-standard", "tiny14-robust-l2"]


def asked(engine: FakeEngine, kind: type) -> list:
    return [spec for spec in engine.asked if isinstance(spec, kind)]


def in_mode(engine: FakeEngine, mode: str):
    at = opened(PAGE)
    engine.asked.clear()
    at.segmented_control(key="av.drawing.mode").set_value(mode).run()
    assert not at.exception
    return at


def test_a_sketch_is_there_at_once_and_both_models_draw_over_it(engine: FakeEngine):
    at = in_mode(engine, "draw")
    specs = asked(engine, VisualizeSpec)
    assert [spec.model for spec in specs] == MODELS
    assert {(s.start, s.unit, s.eps, s.steps) for s in specs} == {
        ("sketch:fish", "class:goldfish", 20.0, 60)
    }
    assert {spec.model for spec in asked(engine, PredictSpec)} == set(MODELS)
    shown = told(at)
    for words in ("What it is:", "Notice:", "It cannot tell you"):
        assert words in shown
    assert link_of(at)["show.drawing"] == "draw"


def test_another_sketch_brings_its_class_and_a_rectangle_keeps_the_rest(engine: FakeEngine):
    at = in_mode(engine, "draw")
    at.selectbox(key="av.sketch").set_value("sketch:animal").run()
    engine.asked.clear()
    at.segmented_control(key="av.region.kind").set_value("box:").run()
    assert not at.exception
    assert {(s.unit, s.region) for s in asked(engine, VisualizeSpec)} == {
        ("class:dog", "box:25,25,50,50")
    }
    engine.asked.clear()
    at.slider(key="av.region.x").set_value((0, 40)).run()
    at.segmented_control(key="av.fill").set_value("grey").run()
    last = asked(engine, VisualizeSpec)[-1]
    assert (last.region, last.fill) == ("box:0,25,40,50", "grey")


def test_a_mask_that_nobody_brought_is_asked_for_in_a_sentence(engine: FakeEngine):
    at = in_mode(engine, "draw")
    at.segmented_control(key="av.region.kind").set_value("mask").run()
    assert not at.exception
    assert any("Bring a mask first" in each.value for each in at.warning)


def test_a_sum_is_written_and_words_that_are_none_are_refused(engine: FakeEngine):
    at = in_mode(engine, "combine")
    assert {spec.unit for spec in asked(engine, VisualizeSpec)} == {"class:goldfish - class:fruit"}
    at.text_input(key="av.sum").set_value("class:dog  -  0.5 channel:layer3:5").run()
    assert asked(engine, VisualizeSpec)[-1].unit == "class:dog - 0.5 channel:layer3:5"
    at.text_input(key="av.sum").set_value("class:dog - class:unicorn").run()
    assert not at.exception
    assert any("unicorn" in each.value for each in at.warning)
    assert at.text_input(key="av.sum").value == "class:dog - 0.5 channel:layer3:5"


def test_several_pictures_say_how_alike_they_are(engine: FakeEngine):
    at = in_mode(engine, "combine")
    at.number_input(key="av.drawing.pictures").set_value(4).run()
    assert not at.exception
    assert asked(engine, VisualizeSpec)[-1].pictures == 4
    assert "How alike they are in layer3: 0.30, at first 0.90" in told(at)
    assert told(at).count("<img") >= 8


def test_an_inversion_asks_both_models_and_a_strip_has_its_pictures(engine: FakeEngine):
    at = in_mode(engine, "invert")
    specs = asked(engine, InvertSpec)
    assert [spec.model for spec in specs] == MODELS
    assert "pixels 0.20 apart" in told(at)
    assert "given, seen as cat" in told(at)
    engine.asked.clear()
    at.selectbox(key="av.invert.towards").set_value("sample:coffee").run()
    assert not at.exception
    assert {spec.towards for spec in asked(engine, InvertSpec)} == {"sample:coffee"}
    assert "straight line" in told(at)


@pytest.mark.usefixtures("engine")
def test_a_link_opens_the_mode_that_has_its_controls():
    for spec, mode in (
        (InvertSpec(model=MODELS[1], image="sample:coffee", layer="layer3"), "invert"),
        (VisualizeSpec(model=MODELS[1], unit="class:cat - class:dog"), "combine"),
        (VisualizeSpec(model=MODELS[1], unit="class:cat", start="sketch:animal"), "draw"),
        (VisualizeSpec(model=MODELS[1], unit="class:cat", method="maco"), "favourite"),
    ):
        at = opened(PAGE, **links.to_query(spec))
        assert not at.exception
        assert at.segmented_control(key="av.drawing.mode").value == mode
        assert not at.warning
        assert links.to_query(spec).items() <= link_of(at).items()
