"""The Saliency page's drawers: the map before and after, and the units that were turned."""

import json
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from fake_engine import made_up
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.errors import InvalidInputError
from advviz.evaluation import one_page
from advviz.evaluation.alike import SENTENCES
from advviz.experiments import links
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.presets import catalogue
from advviz.experiments.specs import VisualizeSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.ui import permalinks, same_map, turned_units
from advviz.ui import setup as setups

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"


def opened(*drawers):
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / "saliency.py"))
    for key in drawers:
        at.session_state[key] = True
    at.run()
    assert not at.exception
    return " ".join(str(element.proto.body) for element in at.get("html"))


def asked_for(engine, kind):
    return [spec for spec in engine.asked if isinstance(spec, kind)]


def test_closed_drawers_ask_for_nothing(engine):
    opened()
    assert not asked_for(engine, AlikeSpec)
    assert not asked_for(engine, UnitsSpec)


def test_each_model_has_a_sentence_for_both_classes_and_its_figures(engine):
    """The standard model's map is lost in chance, the robust one's is kept as by noise."""
    shown = opened("av.alike")
    assert {spec.model for spec in asked_for(engine, AlikeSpec)} == {STANDARD, ROBUST}
    for model, verdict, value in (("Standard", "chance", "0.01"), ("Robust", "noise", "0.90")):
        for name in ("dog", "goldfish"):
            assert f"{model}, {name}: {value}</b>, {escape(SENTENCES[verdict])}" in shown
    table = shown.partition("<table")[2]
    assert "<td>0.80</td>" in table
    assert "<td>–</td>" in table
    assert "−0.20 …" in table


def test_units_stand_beside_what_they_like(engine):
    """Their change, that of noise, their drawing, and the crops of the gallery."""
    shown = opened("av.units")
    drawn = {spec.unit for spec in asked_for(engine, VisualizeSpec)}
    assert drawn == {"channel:flatten:3", "channel:flatten:5"}
    assert "<b>3</b>" in shown
    assert "+9.00" in shown
    assert "−7.00" in shown
    assert "noise ±0.50" in shown
    assert shown.count("favourite image of unit 3") == 2
    assert shown.count("for unit 3") == 2 * turned_units.CROPS
    assert "1 units answer alike" in shown


def test_a_tile_of_the_atlas_is_shown_where_there_is_one(engine, monkeypatch):
    """Nothing is drawn anew."""
    kinds = {AtlasSpec}
    monkeypatch.setattr(engine, "peek", lambda s: made_up(s) if type(s) in kinds else None)
    shown = opened("av.units")
    assert not asked_for(engine, VisualizeSpec)
    assert shown.count("favourite image of unit 3") == 2


def test_red_is_where_a_pixel_matters_more_and_all_is_on_one_scale():
    """A map that is ten times weaker is drawn ten times fainter."""
    maps = np.zeros((2, 2, 3, 8, 8))
    maps[0, 0, 0, :4], maps[0, 1, 0, 4:] = 1.0, -1.0
    maps[1, :, 0, :4] = 0.1
    first, second = same_map.drawn(maps, "ink")
    assert first.before[0, 0].max() < 40
    assert second.before[0, 0].min() > 220
    blue, red = first.change[0, 0], first.change[7, 0]
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert (second.change == 255).all()
    signed, _ = same_map.drawn(maps, "signed")
    assert signed.change[7, 0][2] > signed.change[7, 0][0]


def test_links_open_their_drawer_on_the_same_experiment():
    """Whatever the page showed before."""
    first = setups.default().with_image("sample:goose").with_board(target="bus", eps=0.5, seed=3)
    first = replace(first.with_view(layer="layer2"), model=ROBUST, explain_method="gradient")
    for of, name in ((same_map.spec_of, "alike"), (turned_units.spec_of, "units")):
        spec = of(first, ROBUST)
        found = permalinks.adopted(setups.default(), links.from_link(links.to_link(spec)))
        assert found.view.opened == name
        if name == "units":
            assert of(found, ROBUST) == spec
        else:  # the page shows the gradient beside any method
            assert replace(of(found, ROBUST), method="gradient") == replace(spec, method="gradient")
    with pytest.raises(InvalidInputError, match="result of an attack"):
        permalinks.adopted(setups.default(), AlikeSpec(model=ROBUST, image="sample:goose"))


def test_the_preset_of_two_questions_opens_the_figures():
    preset = next(each for each in catalogue() if each.id == "two-questions")
    words = {permalinks.PREFIX + name: value for name, value in preset.view.items()}
    assert permalinks.from_query(setups.default(), words).view.opened == "alike"


@pytest.mark.parametrize("kind", [same_map, turned_units], ids=["alike", "units"])
def test_a_report_says_what_came_out_and_what_it_cannot_tell(kind):
    spec = kind.spec_of(setups.default(), STANDARD)
    results = {each: made_up(each) for each in one_page.needed(spec)}
    page = one_page.report(spec, results)
    facts = json.loads(page.partition("id='advviz-report'>")[2].partition("</script>")[0])
    assert links.from_link(facts["link"]) == spec
    if kind is same_map:
        assert SENTENCES["chance"] in facts["finding"]
        assert "a map can turn while the answer stays" in page
    else:
        assert "moves 2 of 12 units further than noise" in facts["finding"]
        assert "3 (+9.0)" in page
