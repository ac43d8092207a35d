"""The page "Bugs or features?": what is asked, shown and taken home; what a link may not name."""

from pathlib import Path

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest
from test_pages import link_of, opened, told, with_drawer

from advviz.compute import Engine
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.links import to_query
from advviz.experiments.result import Result
from advviz.ui import state


def asked(engine: FakeEngine) -> FeaturesSpec:
    (spec,) = {spec for spec in engine.asked if isinstance(spec, FeaturesSpec)}
    return spec


def test_it_reads_well_unclicked_on_digits_computed_by_the_real_engine(
    monkeypatch: pytest.MonkeyPatch,
):
    """Nothing is made up here: the digits come with advviz, and it takes a second or two."""
    one = Engine(use_shipped=False)
    monkeypatch.setattr(state, "engine", lambda: one)
    try:
        at = opened("features.py")
    finally:
        one.close()
    shown = told(at)
    assert not at.error
    assert "It never saw a right label, and is right about 97" in shown
    for seen, given in (("3", "8"), ("8", "3")):
        assert f"a human sees {seen}" in shown
        assert f"was {seen}, label: <b>{given}</b>" in shown
    for words in ("What it is:", "Notice:", "It cannot tell"):
        assert shown.count(f"<b>{words}") == 3, words
    assert "not that every adversarial example is one" in shown
    assert "1905.02175" in shown
    assert "chance 50%" in shown
    assert "E. Alpaydin and C. Kaynak" in shown  # as the licence of the digits asks
    assert "As a table, every seed" in shown


def test_every_choice_is_asked_of_the_engine_and_written_into_the_link(engine: FakeEngine):
    at = with_drawer(opened("features.py"), "av.features.more")
    at.selectbox(key="av.features.class1").set_value("5").run()
    at.select_slider(key="av.features.eps").set_value(0.5).run()
    at.number_input(key="av.features.seeds").set_value(4).run()
    engine.asked.clear()
    at.toggle(key="av.features.controls").set_value(False).run()
    wanted = FeaturesSpec(classes="3,5", eps=0.5, seeds=4, controls=False)
    assert asked(engine) == wanted
    assert link_of(at) == to_query(wanted)
    again = opened("features.py", **link_of(at))
    assert link_of(again) == link_of(at)


def test_choosing_the_other_class_swaps_the_two(engine: FakeEngine):
    at = opened("features.py")
    engine.asked.clear()
    at.selectbox(key="av.features.class0").set_value("8").run()
    assert asked(engine).classes == "8,3"


def test_a_deep_network_is_background_work_of_few_seeds(engine: FakeEngine):
    at = with_drawer(opened("features.py"), "av.features.more")
    engine.asked.clear()
    engine.background.clear()
    segment(at, "av.features.network").set_value("small").run()
    assert (asked(engine).network, asked(engine).seeds) == ("small", 2)
    assert engine.background == [True]


def segment(at: AppTest, key: str):
    return at.segmented_control(key=key)


def test_nothing_kept_is_said_in_a_sentence_and_not_drawn_as_a_bar(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    made = FakeEngine.submit

    def empty(self: FakeEngine, spec: FeaturesSpec):
        job = made(self, spec)
        none = dict.fromkeys(("mislabelled_training", "control_random", "control_flipped"))
        job.result = Result.of({}, {**job.result.facts, **none})
        return job

    monkeypatch.setattr(FakeEngine, "submit", empty)
    shown = told(opened("features.py"))
    assert "Nothing to train on" in shown
    assert shown.count("not trained") == 3
    assert engine.asked


@pytest.mark.usefixtures("engine")
def test_cifar10_is_offered_with_its_size_and_not_downloaded_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ADVVIZ_DATA", str(tmp_path / "data"))
    at = opened("features.py")
    segment(at, "av.features.data").set_value("cifar10").run()
    assert not at.exception
    assert any("about 170 MB" in caption.value for caption in at.caption)
    assert "Download CIFAR-10" in [button.label for button in at.button]
    assert link_of(at)["classes"] == "airplane,cat"
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("engine")
def test_a_link_cannot_name_a_folder_of_the_server(tmp_path: Path):
    words = to_query(FeaturesSpec(data=str(tmp_path), classes="a,b"))
    at = opened("features.py", **words)
    assert "no folder by its path" in at.warning[0].value
    assert link_of(at)["data"] == "digits"


def test_the_owners_folder_is_offered_with_its_classes(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("cup", "pen"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"not looked at here")
    name = "the owner's folder"
    assert name not in segment(opened("features.py"), "av.features.data").options
    monkeypatch.setenv("ADVVIZ_IMAGES", str(tmp_path))
    at = opened("features.py")
    engine.asked.clear()
    assert name in segment(at, "av.features.data").options
    segment(at, "av.features.data").set_value("folder").run()
    assert (asked(engine).data, asked(engine).classes) == ("folder", "cup,pen")
    assert str(tmp_path) not in str(link_of(at))
    (tmp_path / "pen" / "1.png").unlink()
    (tmp_path / "pen").rmdir()
    segment(at, "av.features.data").set_value("digits").run()
    segment(at, "av.features.data").set_value("folder").run()
    assert "must have two folders" in at.warning[0].value
    assert link_of(at)["data"] == "digits"


@pytest.mark.usefixtures("engine")
def test_it_takes_home_the_link_the_command_and_the_program():
    at = with_drawer(opened("features.py"), "av.take")
    written = " ".join(code.value for code in at.code)
    assert "advviz lab features --data digits --classes 3,8 --norm l2 --eps 1.0" in written
    assert "FeaturesSpec(" in written
    assert "kind=features" in written
