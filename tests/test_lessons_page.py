"""The page of the lessons with a fake engine: asked first, then shown, linked, left and found."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest
from test_lessons import TEXT, put
from test_pages import link_of, told

from advviz import resources
from advviz.experiments.specs import AttackSpec
from advviz.lessons.chapter import Chapter, Experiment
from advviz.lessons.library import FOLDER
from advviz.ui.lessons import codes, confidence, place, quiz, sheet
from advviz.ui.lessons.place import Here
from advviz.ui.lessons.scene import Scene

REVEALED = "av.lesson.revealed"
CHAPTERS = place.shelf("en").chapters
OF_ALL = [
    pytest.param(c, e, lang, id=f"{lang}-{c.number}-{e.id}")
    for lang in ("en", "zh-CN")
    for c in place.shelf(lang).chapters
    for e in c.experiments[:1] + tuple(e for e in c.experiments if e.shows == "training")
]


def opened(revealed: str = "", **query: str) -> AppTest:
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / "lessons.py"))
    for name, value in query.items():
        at.query_params[name] = value
    if revealed:
        at.session_state[REVEALED] = {revealed}
    return at.run()


def spoken(at: AppTest) -> str:
    return " ".join(element.value for element in at.markdown)


@pytest.mark.parametrize(("chapter", "experiment", "language"), OF_ALL)
def test_a_chapter_asks_first_and_shows_afterwards(
    engine: FakeEngine, chapter: Chapter, experiment: Experiment, language: str
):
    query = {"chapter": str(chapter.number), "experiment": experiment.id, "lang": language}
    before = opened(**query)
    assert not before.error
    assert not before.warning
    shown = spoken(before)
    for text in chapter.sections.values():
        assert text in shown
    assert all(each in shown for each in chapter.references)
    assert chapter.title in told(before)
    assert experiment.look_for not in told(before), "what to look for would give it away"
    asked = set(engine.asked)
    engine.asked.clear()
    after = opened(revealed=f"{chapter.name}.{experiment.id}", **query)
    assert "av-notice" in told(after)
    assert set(engine.asked) == asked, "it was computed while the student thought"
    if experiment.shows != "price":
        assert told(after).count("av-strip") >= 1


def test_the_verdict_is_not_told_before_the_prediction(engine: FakeEngine):
    assert "goldfish" not in told(opened(chapter="1"))
    assert engine.attacks()
    assert "Fooled → goldfish" in told(opened(revealed=f"{CHAPTERS[0].name}.goldfish", chapter="1"))


@pytest.mark.usefixtures("engine")
def test_a_link_is_short_until_something_is_changed_and_opens_the_same():
    at = opened(chapter="2")
    assert link_of(at) == {"chapter": "2", "experiment": "norms"}
    at = opened(chapter="1", lang="zh-CN")
    assert link_of(at)["lang"] == "zh-CN"


def test_a_control_changes_the_set_up_and_the_link_carries_it(engine: FakeEngine):
    at = opened(revealed=f"{CHAPTERS[0].name}.goldfish")
    at.select_slider(key="av.strength").set_value(3.0).run()
    words = link_of(at)
    assert words["eps"] == "3.0"
    assert words["chapter"] == "1"
    engine.asked.clear()
    again = opened(**words)
    assert {spec.eps for spec in engine.attacks()} == {3.0}
    assert link_of(again) == words


def test_from_chapter_to_chapter_and_experiment_to_experiment(engine: FakeEngine):
    at = opened()
    at.button(key=f"av.chapter.{CHAPTERS[4].name}").click().run()
    assert link_of(at) == {"chapter": "5", "experiment": "copies"}
    at.button(key=f"av.experiment.{CHAPTERS[4].name}.blind").click().run()
    assert link_of(at)["experiment"] == "blind"
    at.button(key="av.onward.1").click().run()
    assert link_of(at) == {"chapter": "6", "experiment": "how-far"}
    at.button(key="av.onward.-1").click().run()
    assert link_of(at)["chapter"] == "5"
    assert engine.asked


@pytest.mark.usefixtures("engine")
def test_another_page_leads_back_to_the_chapter_as_it_was_left():
    at = opened(chapter="6")
    at.switch_page(str(resources.pages() / "compare.py")).run()
    (link,) = [e.proto for e in at.get("page_link") if e.proto.page.endswith("lessons")]
    assert "Robust is not immune" in link.label
    assert dict(parse_qsl(link.query_string)) == {"chapter": "6", "experiment": "how-far"}
    at.switch_page(str(resources.pages() / "models.py")).run()
    assert not [e for e in at.get("page_link") if e.proto.page.endswith("lessons")]


@pytest.mark.usefixtures("engine")
def test_who_was_in_no_chapter_sees_no_way_back():
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not [e for e in at.get("page_link") if e.proto.page.endswith("lessons")]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"chapter": "99"}, "no chapter 99"),
        ({"chapter": "<b>"}, "no chapter"),
        ({"chapter": "1", "eps": "much"}, "cannot be used"),
        ({"chapter": "1", "v": "1", "kind": "board"}, "cannot be used"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_a_bad_link_is_one_sentence_and_the_chapter(query: dict[str, str], says: str):
    at = opened(**query)
    assert says in at.warning[0].value.replace("\\", "")
    assert link_of(at)["chapter"] == "1"


def test_a_failure_is_one_sentence(engine: FakeEngine):
    engine.fails = "the weights of tiny14-standard are not on this machine"
    at = opened(revealed=f"{CHAPTERS[0].name}.goldfish", chapter="1")
    assert len(at.error) == 1
    assert "weights of" in at.error[0].value


@pytest.mark.usefixtures("engine")
def test_a_teachers_folder_is_shown_and_its_mistakes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    put(tmp_path, "09-mine.md", TEXT.replace("A targeted attack", "My own chapter"))
    put(tmp_path, "10-broken.md", "nothing")
    at = opened(chapter="9")
    assert "My own chapter" in told(at)
    assert "10-broken.md" in at.warning[0].value.replace("\\", "")


# --- presentation, sheet, code --------------------------------------------------------


@pytest.mark.usefixtures("engine")
def test_in_front_of_a_class_everything_is_large():
    at = opened(chapter="1", present="true", revealed=f"{CHAPTERS[0].name}.goldfish")
    assert "--av-side:320px" in told(at)
    assert "font-size: 24px" in told(at)
    assert link_of(at)["present"] == "true"
    assert not [b for b in at.button if b.key and b.key.startswith("av.chapter.")]


def here(number: int = 1) -> Here:
    shelf = place.shelf("en")
    chapter = shelf.chapters[number - 1]
    experiment = chapter.experiments[0]
    return Here(shelf, chapter, experiment, place.prepared_setup(experiment), False)


@pytest.mark.usefixtures("engine")
def test_a_sheet_has_question_result_link_and_code_and_needs_no_network():
    made = sheet.sheet(here(), "<p>the figure</p>")
    assert "the figure" in made
    assert "What happens?" in made
    assert 'id="prediction"' in made.replace("'", '"')
    assert "chapter=1" in made
    assert "data:image/svg+xml" in made
    assert 'src="http' not in made
    assert "<link" not in made


def test_others_are_not_given_the_large_type():
    assert "present" not in replace(here(), presenting=True).address


def test_a_code_holds_the_link_and_says_where_it_leads():
    assert codes.data_uri("https://example.org/lessons?chapter=1").startswith("data:image/svg+xml")
    assert "0.0.0.0" in codes.advice("http://127.0.0.1:8501/lessons")
    assert not codes.advice("https://example.org/lessons")


# --- figures ---------------------------------------------------------------------------


def test_the_quiz_deals_by_its_seed_and_knows_its_own_answer():
    chapter = CHAPTERS[4]
    experiment = chapter.experiment("blind")
    setup = place.prepared_setup(experiment)
    deals = set()
    for seed in range(10):
        scene = Scene(experiment, setup.with_board(seed=seed))
        dealt = quiz.order(scene)
        assert sorted(dealt) == sorted(quiz.KINDS)
        assert [quiz.KINDS[quiz.truth(scene)[letter]] for letter in quiz.LETTERS] == list(dealt)
        assert quiz.order(Scene(experiment, setup.with_board(seed=seed))) == dealt
        deals.add(dealt)
    assert len(deals) > 2


def test_the_threshold_turns_away_one_in_ten():
    clean = [i / 20 for i in range(1, 21)]
    level = confidence.threshold(clean)
    assert sum(value < level for value in clean) == 2
    assert confidence.threshold([0.4]) == 0.4


def test_a_series_changes_one_thing(engine: FakeEngine):
    opened(chapter="6")
    attacks = [spec for spec in engine.asked if isinstance(spec, AttackSpec)]
    assert [spec.eps for spec in attacks[::2]] == [0.25, 1.0, 2.0, 5.0, 10.0, 20.0]
    assert len({(spec.image, spec.target, spec.norm, spec.steps) for spec in attacks}) == 1
