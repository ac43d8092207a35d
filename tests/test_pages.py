"""Every page with a fake engine: what is asked of it, what is said, what the link holds."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_engine import FakeEngine, logits_for, made_up
from PIL import Image
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.errors import InvalidInputError
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, PredictSpec
from advviz.models.records import record
from advviz.ui import components, notes, permalinks, rows, words
from advviz.ui import setup as setups
from advviz.ui.rows import control

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path.name for path in resources.pages().glob("*.py"))
KINDS = {
    "board": "compare.py",
    "attack": "attack.py",
    "explain": "saliency.py",
    "visualize": "feature_visualization.py",
    "ladder": "ladder.py",
    "features": "features.py",
    "lab-training": "training.py",
    "atlas": "atlas.py",
}
ALL_OF_VIEW = ("rows", "gain", "draw", "scale", "transfer", "noise", "smooth")


def opened(page: str, **query: str) -> AppTest:
    """A fresh session on a page, reached as a visitor does: through the router."""
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / page))
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def with_drawer(at: AppTest, key: str = "av.more") -> AppTest:
    """The page once a visitor has opened a drawer."""
    at.session_state[key] = True
    return at.run()


def told(at: AppTest) -> str:
    """All that the page shows as HTML, without the pictures' data."""
    assert not at.exception, at.exception
    pieces = " ".join(element.proto.body for element in at.get("html"))
    return " ".join(part.split('"', 1)[-1] for part in pieces.split('src="data:image/png;base64,'))


def link_of(at: AppTest) -> dict[str, str]:
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in at.query_params.items()
    }


# --- every page ---------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_and_shows_both_or_one_model(engine: FakeEngine, page: str):
    at = opened(page)
    assert not at.error
    assert not at.warning
    assert "av-strip" in told(at)
    # One asks how the engine is, and no more; the others wait for a click.
    assert engine.asked or page in ("compute.py", "evaluate.py", "explanations.py")


@pytest.mark.usefixtures("engine")
def test_every_page_is_reached_from_the_entry_script():
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60).run()
    for page in PAGES:
        at.switch_page(str(resources.pages() / page)).run()
        assert "av-strip" in told(at), page


@pytest.mark.parametrize(("kind", "page"), KINDS.items())
def test_the_link_of_a_page_opens_the_same_experiment(engine: FakeEngine, kind: str, page: str):
    """A pasted link asks the engine for the same specs in a fresh session."""
    first = setups.default().with_image("sample:goose").with_board(eps=2.0, seed=7, target="frog")
    words_of_link = permalinks.to_query(first, kind, ())
    at = opened(page, **words_of_link)
    asked = set(engine.asked)
    engine.asked.clear()
    again = opened(page, **link_of(at))
    assert set(engine.asked) == asked
    assert link_of(again) == link_of(at)
    assert words_of_link.items() <= link_of(at).items()


@pytest.mark.parametrize("page", KINDS.values())
@pytest.mark.parametrize(
    "bad",
    [
        {"v": "1", "kind": "board", "eps": "much"},
        {"v": "99"},
        {"show.gain": "1000"},
        {"show.colour": "red"},
        {"v": "1", "kind": "attack", "model": "<script>"},
        {"nonsense": "1"},
    ],
)
@pytest.mark.usefixtures("engine")
def test_a_bad_link_is_one_sentence_and_the_defaults(page: str, bad: dict[str, str]):
    at = opened(page, **bad)
    assert len(at.warning) == 1
    assert at.warning[0].value.count("This link cannot be used") == 1
    assert "Traceback" not in at.warning[0].value
    assert "av-strip" in told(at)


def test_a_link_with_a_class_or_picture_that_there_is_not_is_refused(engine: FakeEngine):
    good = permalinks.to_query(setups.default(), "board", ())
    for name, value in (("target", "unicorn"), ("image", "sample:astronaut"), ("robust", "x")):
        at = opened("compare.py", **(good | {name: value}))
        assert len(at.warning) == 1, name
        assert engine.attacks()[-1].target == "goldfish"


# --- the set-up ---------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_up_survives_its_link(kind: str):
    first = setups.default().with_image("sample:jeep").with_board(norm="linf", eps=8 / 255)
    first = first.with_view(gain="20", draw="rgb", scale="all", transfer=True, rows="robust")
    query = permalinks.to_query(first, kind, ALL_OF_VIEW)
    second = permalinks.from_query(setups.default(), query)
    assert permalinks.to_query(second, kind, ALL_OF_VIEW) == query


def test_a_map_of_an_attacked_picture_brings_its_attack_along():
    first = setups.default().with_image("sample:goose").with_board(seed=3, target="bus")
    spec = first.explain_on(first.model, "smoothgrad", "attacked")
    second = permalinks.adopted(setups.default(), spec)
    assert second.board.image == "sample:goose"
    assert (second.board.target, second.board.seed) == ("bus", 3)
    assert second.explain_on(second.model, "smoothgrad", "attacked") == spec


def test_a_map_for_a_class_of_no_role_keeps_its_class():
    first = replace(setups.default(), explained_class="spider")
    query = permalinks.to_query(first, "explain", ())
    second = permalinks.from_query(setups.default(), query)
    assert second.explain_on(second.model, "gradient", "original").explained == "spider"


def test_a_new_picture_never_keeps_its_own_class_as_target():
    changed = setups.default().with_board(target="dog").with_image("sample:mastiff")
    assert changed.target not in (None, "dog")


@pytest.mark.usefixtures("engine")
def test_a_link_cannot_put_pictures_or_links_into_a_message():
    at = opened("compare.py", v="1", kind="![x](http://example.org/x.png)")
    assert "![x](" not in at.warning[0].value
    assert "example.org" in at.warning[0].value


def test_the_set_up_follows_to_every_page(engine: FakeEngine):
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60).run()
    at.switch_page(str(resources.pages() / "compare.py")).run()
    at.selectbox(key="av.target").set_value("frog").run()
    for page in ("attack.py", "saliency.py"):
        engine.asked.clear()
        at.switch_page(str(resources.pages() / page)).run()
        assert {spec.target for spec in engine.attacks()} == {"frog"}, page


# --- controls -------------------------------------------------------------------


def test_a_choice_is_asked_of_the_engine_and_written_into_the_link(engine: FakeEngine):
    at = opened("compare.py")
    at.selectbox(key="av.image").set_value("sample:coffee").run()
    at.selectbox(key="av.target").set_value("frog").run()
    at.select_slider(key="av.strength").set_value(0.5).run()
    last = engine.attacks()[-1]
    assert (last.image, last.target, last.eps) == ("sample:coffee", "frog", 0.5)
    link = link_of(at)
    assert (link["image"], link["target"], link["eps"]) == ("sample:coffee", "frog", "0.5")
    assert "<b>coffee → frog</b> · L2 0.5 · seed 0" in told(at)


def test_each_model_is_attacked_through_its_own_gradients_by_default(engine: FakeEngine):
    opened("compare.py")
    assert {spec.model for spec in engine.attacks()} == {"tiny14-standard", "tiny14-robust-l2"}
    transferred = [s for s in engine.asked if isinstance(s, PredictSpec) and "result:" in s.image]
    assert not transferred


def test_transfer_shows_the_other_models_picture_and_says_so(engine: FakeEngine):
    at = opened("compare.py", **{"show.transfer": "true"})
    shown = {s.model: s.image for s in engine.asked if isinstance(s, PredictSpec)}
    tried = [s for s in engine.asked if isinstance(s, PredictSpec) and "result:" in s.image]
    assert {s.model for s in tried} == set(shown)
    assert all(s.model not in s.image for s in tried)
    assert told(at).count("transfer: made on") == 2


def test_the_norm_moves_the_strength_to_a_stop_of_about_the_same_size(engine: FakeEngine):
    at = with_drawer(opened("compare.py"))
    at.button_group(key="av.norm").set_value("linf").run()
    attack = engine.attacks()[-1]
    assert attack.norm == "linf"
    assert 1 <= 255 * attack.eps <= 4
    at.button_group(key="av.norm").set_value("l2").run()
    assert 0.5 <= engine.attacks()[-1].eps / setups.default().board.eps <= 2


def test_a_free_strength_joins_the_stops(engine: FakeEngine):
    at = with_drawer(opened("compare.py"))
    at.number_input(key="av.exact").set_value(0.7).run()
    assert engine.attacks()[-1].eps == 0.7
    assert at.select_slider(key="av.strength").value == 0.7


def test_random_noise_is_a_control_beside_run(engine: FakeEngine):
    at = opened("compare.py")
    assert not any(isinstance(spec, NoiseSpec) for spec in engine.asked)
    at.toggle(key="av.noise").set_value(True).run()
    drawn = {spec for spec in engine.asked if isinstance(spec, NoiseSpec)}
    assert drawn == {control(setups.default(), m) for m in setups.default().models}
    assert "<b>0 of 100</b>" in told(at)


def test_maps_are_for_the_class_that_was_asked_for(engine: FakeEngine):
    at = opened("compare.py")
    at.button_group(key="av.explained").set_value("target").run()
    last = [spec for spec in engine.asked if isinstance(spec, ExplainSpec)][-1]
    assert last.explained == "goldfish"
    assert "moves the loss for <b>goldfish</b> most" in told(at)


@pytest.mark.usefixtures("engine")
def test_strengths_of_maps_are_said_of_each_other():
    shown = told(opened("compare.py"))
    assert "strength ×8 of the other model" in shown
    assert "strength ×0.12 of the other model" in shown


@pytest.mark.usefixtures("engine")
def test_the_gain_is_said_under_both_rows():
    at = opened("compare.py")
    at.button_group(key="av.gain").set_value("20").run()
    assert told(at).count("true change, shown ×20") == 2


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("page", ["compare.py", "saliency.py", "ladder.py"])
def test_a_closed_drawer_costs_nothing_and_an_opened_one_has_everything(page: str):
    offered = {"av.exact", "av.steps", "av.step", "av.seed"}
    at = opened(page)
    assert not offered & {box.key for box in at.number_input}
    assert not at.file_uploader
    at = with_drawer(at)
    assert offered <= {box.key for box in at.number_input}
    assert at.file_uploader


def test_an_upload_becomes_the_picture_and_is_in_the_link_by_digest(engine: FakeEngine):
    at = with_drawer(opened("compare.py"))
    buffer = BytesIO()
    Image.new("RGB", (90, 70), (200, 30, 40)).save(buffer, "PNG")
    at.file_uploader[0].upload("me.png", buffer.getvalue(), "image/png").run()
    assert not at.error
    assert engine.attacks()[-1].image.startswith("sha256:")
    assert link_of(at)["image"] == engine.attacks()[-1].image
    assert "me.png" not in told(at)


def test_a_file_that_is_no_picture_is_one_sentence(engine: FakeEngine):
    at = with_drawer(opened("compare.py"))
    at.file_uploader[0].upload("me.png", b"not a picture", "image/png").run()
    assert len(at.warning) == 1
    assert engine.attacks()[-1].image == setups.default().board.image


@pytest.mark.usefixtures("engine")
def test_an_upload_that_is_gone_is_one_sentence():
    query = permalinks.to_query(setups.default(), "board", ()) | {"image": "sha256:" + "0" * 64}
    at = opened("compare.py", **query)
    assert len(at.warning) == 1
    assert "upload it again" in at.warning[0].value


# --- running --------------------------------------------------------------------


def test_a_failure_is_one_sentence(engine: FakeEngine):
    engine.fails = "the weights of tiny14-standard cannot be read; reinstall advviz"
    at = opened("compare.py")
    assert [error.value for error in at.error] == [words.plain(engine.fails)]
    assert not at.exception


def test_stopped_jobs_stay_stopped_until_run(engine: FakeEngine):
    at = opened("attack.py")
    setup = setups.default()
    at.session_state["av.stopped"] = (setup.board.attack_on(setup.model),)
    engine.asked.clear()
    at.run()
    assert not engine.asked
    assert "stopped" in told(at)
    at.button(key="av.run").click().run()
    assert engine.asked
    assert "Fooled" in told(at)


def test_recompute_asks_for_fresh_results_once(engine: FakeEngine):
    at = opened("home.py")
    at.button[0].click().run()
    at.run()
    assert engine.fresh == [False, True, False]


@pytest.mark.usefixtures("engine")
def test_home_shows_the_verdicts_and_three_doors():
    at = opened("home.py")
    shown = told(at)
    assert f"Same {setups.default().true_class}. Why does one network say goldfish?" in shown
    assert "✗ Fooled → goldfish" in shown
    assert "✓ Held against this attack" in shown
    assert shown.count("<img") == 6


def test_home_asks_for_nothing_but_what_ships(engine: FakeEngine):
    """The showcase ships the results of the board's specs; another spec would need torch."""
    opened("home.py")
    assert set(engine.asked) <= set(setups.default().board.specs())


def test_home_imports_no_torch():
    """Home's script runs in a fresh process without torch: it must paint at once."""
    script = """
import sys
sys.path.insert(0, "tests")
import fake_engine
from streamlit.testing.v1 import AppTest
from advviz import resources
from advviz.errors import InvalidInputError
from advviz.ui import state
fake_engine.trained_networks = lambda spec: {}
fake = fake_engine.FakeEngine()
state.engine = lambda: fake
at = AppTest.from_file(str(resources.entry_script()), default_timeout=60).run()
assert not at.exception, at.exception
for page in resources.pages().glob("*.py"):
    at.switch_page(str(page)).run()
    assert not at.exception, at.exception
heavy = sorted({"torch", "torchvision", "captum", "foolbox", "skimage"} & set(sys.modules))
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


# --- words ----------------------------------------------------------------------

CLASSES = ("cat", "dog", "bus")


def reading(name: str) -> words.Reading:
    logits: Any = np.zeros(3)
    logits[CLASSES.index(name)] = 3.0
    return words.reading(logits, CLASSES)


@pytest.mark.parametrize(
    ("before", "after", "true", "target", "expected"),
    [
        ("cat", "bus", "cat", "bus", "✗ Fooled → bus 91%"),
        ("cat", "dog", "cat", "bus", "◐ Wrong, but not your target → dog 91%"),
        ("cat", "cat", "cat", "bus", "✓ Held against this attack"),
        ("dog", "bus", "cat", "bus", "– Wrong before the attack"),
        ("cat", "dog", "cat", None, "✗ Fooled → dog 91%"),
        ("dog", "bus", None, "bus", "✗ Fooled → bus 91%"),
        ("dog", "dog", None, "bus", "✓ Held against this attack"),
        ("bus", "bus", None, "bus", "– Your target before the attack; choose another"),
    ],
)
def test_verdicts(before: str, after: str, true: str | None, target: str | None, expected: str):
    assert str(words.verdict(reading(before), reading(after), true, target)) == expected


def test_only_certainty_is_a_hundred_percent():
    assert words.percent(1.0) == "100%"
    assert words.percent(0.99999) == "99.9%"
    assert words.percent(0.0001) == "<1%"
    assert words.percent(0.0) == "0%"
    assert words.percent(0.976) == "98%"


def test_a_reading_is_a_softmax():
    said = words.reading(logits_for("tiny14-standard", "cat"), ("a",) * 14)
    assert sum(said.probabilities) == pytest.approx(1)


def test_a_change_is_said_in_255ths():
    change = np.full((3, 2, 2), 2 / 255)
    change[0, 0, 0] = 9 / 255
    assert words.moved(change).endswith("; the largest 9")
    assert words.moved(np.zeros((3, 2, 2))) == "no pixel moves"


def test_attack_spec_of_the_page_has_every_parameter(engine: FakeEngine):
    at = opened("attack.py")
    at.button_group(key="av.loss").set_value("margin").run()
    at.toggle(key="av.early").set_value(True).run()
    last = engine.attacks()[-1]
    assert isinstance(last, AttackSpec)
    assert (last.loss, last.early_stop) == ("margin", True)
    assert link_of(at)["loss"] == "margin"


def test_the_attack_follows_to_compare_whole():
    """Loss, numerics and early stop too, on both models, by link as by session."""
    attack = AttackSpec(
        model="tiny14-robust-l2", image="sample:jeep", target="bus", loss="margin",
        early_stop=True, numerics="fast",
    )  # fmt: skip
    found = permalinks.adopted(setups.default(), attack)
    linked = permalinks.from_query(setups.default(), permalinks.to_query(found, "board", ()))
    for setup in (found, linked):
        asked = [spec for spec in rows.specs(setup) if isinstance(spec, AttackSpec)]
        assert asked == [replace(attack, model=model) for model in setup.models]


def test_a_link_to_a_map_keeps_every_field_of_its_attack():
    first = setups.default().with_board(loss="margin", numerics="fast")
    spec = first.explain_on(first.model, "smoothgrad", "attacked")
    assert "margin" in spec.image
    second = permalinks.adopted(setups.default(), spec)
    assert second.explain_on(second.model, "smoothgrad", "attacked") == spec


def test_an_attack_on_a_result_is_refused_by_the_pages():
    start = setups.default()
    nested = replace(
        start.board.attack_on(start.model),
        image=start.explain_on(start.model, "gradient", "attacked").image,
    )
    with pytest.raises(InvalidInputError, match="gallery picture or an upload"):
        permalinks.adopted(start, nested)


def test_a_link_to_the_maps_of_the_original_keeps_the_attack_beside_it():
    first = setups.default().with_board(explained_image="original", eps=5.0, target="bus")
    second = permalinks.from_query(setups.default(), permalinks.to_query(first, "explain", ()))
    assert second.board.attack_on(second.model) == first.board.attack_on(first.model)


def test_after_a_link_the_noise_of_maps_still_follows_the_seed():
    first = setups.default().with_board(seed=3)
    second = permalinks.from_query(setups.default(), permalinks.to_query(first, "explain", ()))
    changed = second.with_board(seed=7)
    assert changed.explain_on(changed.model, "smoothgrad", "attacked").seed == 7


@pytest.mark.parametrize("explained", ["true", "predicted", "target"])
@pytest.mark.parametrize("target", ["goldfish", "any"])
@pytest.mark.parametrize("image", ["sample:chelsea", "sample:rocket"])
def test_every_card_changes_something(image: str, target: str, explained: str):
    start = setups.default().with_board(image=image, target=target, explained=explained)
    for label, _, change in notes.cards(start):
        asked = set(rows.specs(change(start)))
        assert asked != set(rows.specs(start)), label


def test_the_replay_knows_which_step_was_returned():
    spec = setups.default().board.attack_on("tiny14-standard")
    result = made_up(spec)
    trajectory = result.arrays["trajectory"][[0, 4, 1, 2, 3]]
    moved = replace(result, arrays={**result.arrays, "trajectory": trajectory})
    data = components.replay_data(record(spec.model), moved, ("goldfish",), "l2")
    assert data["returned"] == 1


def test_a_drawing_of_the_target_follows_the_target():
    start = setups.default()
    assert start.with_board(target="car").visualize.unit == "class:car"
    chosen = replace(start, visualize=replace(start.visualize, unit="class:bird"))
    assert chosen.with_board(target="car").visualize.unit == "class:bird"


@pytest.mark.usefixtures("engine")
def test_a_choice_taken_back_is_written_though_the_browser_never_left_it(
    monkeypatch: pytest.MonkeyPatch,
):
    """Two quick choices: with the second, the browser still says what was before the first."""
    at = opened("compare.py", **permalinks.to_query(setups.default(), "board", ()))
    assert at.select_slider(key="av.strength").value == 1.0
    lagging = link_of(at)
    written: list[str] = []
    original = QueryParamsProxy.from_dict

    def noted(self, words):
        written.append(words["eps"])
        original(self, words)

    monkeypatch.setattr(QueryParamsProxy, "from_dict", noted)
    at.select_slider(key="av.strength").set_value(2.0).run()
    for name, value in lagging.items():
        at.query_params[name] = value
    at.select_slider(key="av.strength").set_value(1.0).run()
    assert written == ["2.0", "1.0"]
