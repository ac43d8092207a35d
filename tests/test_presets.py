"""The presets: gates measured on the shipped weights, substitutes in order, failures on record."""

import json
from dataclasses import replace

import pytest
import torch
from command_line import called, complaint

from advviz.compute import Engine
from advviz.errors import AdvvizError
from advviz.evaluation import preset_gates, preset_screening
from advviz.evaluation.as_files import EightBit
from advviz.evaluation.preset_gates import GATES, Screened, at_this_eps
from advviz.experiments import links, presets
from advviz.experiments.preset_words import FIRST, SENTENCES, TITLES
from advviz.experiments.references import made_by
from advviz.experiments.specs import ExplainSpec
from advviz.models.records import record
from advviz.protocol import Answer, Query
from advviz.ui import permalinks
from advviz.ui import setup as setups
from advviz.ui.doors import PAGE_OF
from advviz.ui.preset_cards import link

IDS = [preset.id for preset in presets.catalogue()]


def test_there_are_ten_each_with_words_and_a_gate():
    assert len(IDS) == 10
    assert set(IDS) == TITLES.keys() == SENTENCES.keys() == GATES.keys()


@pytest.mark.parametrize("preset", presets.catalogue(), ids=IDS)
def test_the_candidates_of_a_preset_share_one_budget_and_name_what_there_is(preset):
    """The budget is not tuned: neither to a picture nor to a model."""
    budgets = set()
    for spec in preset.candidates:
        made = next(iter(made_by(getattr(spec, "image", ""))), spec)
        budgets.add(getattr(made, "eps", None))
        for each in getattr(spec, "specs", lambda one=spec: (one,))():
            each.resolved()
    assert len(budgets) == 1
    assert len(set(preset.candidates)) == len(preset.candidates)


# --- what ships ------------------------------------------------------------------


def test_what_ships_was_screened_on_the_weights_that_ship():
    assert presets.written()["weights"] == {
        model: record(model).sha256 for model in (presets.STANDARD, presets.ROBUST)
    }
    assert [entry["id"] for entry in presets.written()["presets"]] == IDS


def test_a_preset_that_fails_everywhere_is_not_offered():
    for entry in presets.written()["presets"]:
        assert (entry["id"] in presets.offered()) == entry["passed"]
        if not entry["passed"]:
            preset = next(p for p in presets.catalogue() if p.id == entry["id"])
            assert len(entry["failed"]) == len(preset.candidates)


@pytest.mark.parametrize("chosen", presets.offered().values(), ids=lambda chosen: chosen.id)
def test_a_preset_opens_on_its_page_as_it_was_screened(chosen):
    words, spec = link(chosen), chosen.spec
    assert spec.kind in PAGE_OF
    setup = permalinks.from_query(setups.default(), words)
    if isinstance(spec, ExplainSpec):  # its page shows the picture before and after the attack
        which = "attacked" if made_by(spec.image) else "original"
        assert setup.explain_on(spec.model, spec.method, which) == spec
    else:
        shown = permalinks.to_query(setup, spec.kind, tuple(chosen.preset.view))
        assert shown == words
    assert "{" not in TITLES[chosen.id].format(**chosen.values)
    assert "  " not in SENTENCES[chosen.id].format(**chosen.values)


def test_home_opens_with_the_first_preset_and_it_still_holds():
    board = presets.home()
    assert board == presets.offered()[FIRST].spec
    engine = Engine()  # its results ship
    try:
        assert at_this_eps(engine, board).passed
        assert not at_this_eps(engine, replace(board, standard=board.robust)).passed
    finally:
        engine.close()


# --- screening -------------------------------------------------------------------


def screened(monkeypatch, passes):
    """Screen with gates that let through what a function says; return entries by preset."""

    def gate(_engine, spec):
        return Screened(spec, {"link": links.to_link(spec)}, passes(spec))

    for name in IDS:
        monkeypatch.setitem(preset_gates.GATES, name, gate)
    return preset_screening.screen_all(None)


def test_substitutes_come_in_order_and_what_failed_is_kept(monkeypatch):
    second = {preset.candidates[1] for preset in presets.catalogue()}
    for entry in screened(monkeypatch, second.__contains__)["presets"]:
        preset = next(p for p in presets.catalogue() if p.id == entry["id"])
        assert links.from_link(entry["link"]) == preset.candidates[1]
        assert [links.from_link(f["link"]) for f in entry["failed"]] == [preset.candidates[0]]


def test_nothing_is_written_without_something_for_home(monkeypatch, tmp_path):
    with pytest.raises(AdvvizError, match="nothing was written"):
        preset_screening.write(screened(monkeypatch, lambda _spec: False), tmp_path)
    assert list(tmp_path.iterdir()) == []
    path = preset_screening.write(screened(monkeypatch, lambda _spec: True), tmp_path)
    assert all(entry["passed"] for entry in json.loads(path.read_text("utf-8"))["presets"])
    assert [each.name for each in tmp_path.iterdir()] == ["presets.json"]


def test_random_directions_are_judged_as_files():
    class Last:
        def answer(self, query):
            self.images = query.images
            return Answer(torch.zeros(1, 2), torch.zeros(0), torch.zeros(0))

    asked = Last()
    EightBit(asked).answer(Query(torch.tensor([0.1003, 0.9999]).view(1, 1, 1, 2), gradient=False))
    assert torch.equal(asked.images.flatten(), torch.tensor([26 / 255, 1.0]))


# --- the command -----------------------------------------------------------------


def test_the_command_prints_the_table_that_ships(capsys):
    told = json.loads(called(capsys, "presets", "--known", "--json"))
    assert [entry["id"] for entry in told["presets"]] == IDS
    assert told["presets"][0]["title"] == "The goldfish dog"
    plain = called(capsys, "presets", "--known")
    passed = sum(entry["passed"] for entry in told["presets"])
    assert f"{passed} of 10 pass their gates" in plain


def test_what_is_known_cannot_be_written(capsys):
    assert "computes nothing" in complaint(capsys, "presets", "--known", "--write")
