"""The chapters: what ships can be read, a teacher's file appears, a broken one is one sentence."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from advviz import resources
from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments.protocol import NO_MODEL
from advviz.lessons import chapter as chapters
from advviz.lessons.chapter import Chapter, Experiment
from advviz.lessons.library import FOLDER, library, read_chapter
from advviz.models.records import record
from advviz.ui.lessons import place
from advviz.ui.lessons.experiments import CONTROLS, FIGURES
from advviz.ui.lessons.scene import Scene

LANGUAGES = ("en", "zh-CN")
SHIPPED = [(lang, chapter) for lang in LANGUAGES for chapter in library(lang).chapters]
EXPERIMENTS = [
    pytest.param(experiment, id=f"{lang}-{chapter.number}-{experiment.id}")
    for lang, chapter in SHIPPED
    for experiment in chapter.experiments
]
FIRST = resources.assets() / "lessons" / "en" / "01-targeted-attack.md"
TEXT = FIRST.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_eight_chapters_ship_in_both_languages(language: str):
    found = library(language)
    assert not found.problems
    assert [chapter.number for chapter in found.chapters] == list(range(1, 9))
    assert {chapter.language for chapter in found.chapters} == {language}


@pytest.mark.parametrize(("language", "chapter"), SHIPPED)
def test_a_chapter_is_complete(language: str, chapter: Chapter):
    assert tuple(chapter.sections) == chapters.SECTIONS
    assert "$" in chapter.sections["idea"], "an idea has its formula"
    assert any("arXiv:" in each for each in chapter.references)
    for each in chapter.references:
        assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|report \d+", each), each
    text = " ".join(chapter.sections.values()).lower()
    assert "invisible" not in text
    chinese = sum("一" <= letter <= "鿿" for letter in text)
    assert (chinese > 300) == (language == "zh-CN")


PUNCTUATION = "\u3002\uff0c\uff01\uff1f\uff1b\uff1a\u201c\u201d\uff08\uff09\u3001\u2026\u00b7\u2014"


@pytest.mark.parametrize("chapter", library("zh-CN").chapters, ids=lambda c: c.name)
def test_emphasis_in_chinese_is_seen_as_such(chapter: Chapter):
    """Markdown wants a letter just within the asterisks, where a letter stands just outside."""
    for text in chapter.sections.values():
        for line in re.sub(r"\$[^$]*\$", "x", text).splitlines():
            runs = list(re.finditer(r"\*+", line))
            assert len(runs) % 2 == 0, line
            for number, run in enumerate(runs):
                around = (f" {line}"[run.start()], f"{line} "[run.end()])
                outside, inside = around if number % 2 == 0 else around[::-1]
                assert inside not in PUNCTUATION or outside in f"{PUNCTUATION} ", line


@pytest.mark.parametrize(("language", "chapter"), SHIPPED)
def test_formulas_begin_and_end(language: str, chapter: Chapter):
    for name, text in chapter.sections.items():
        shown = text.split("$$")
        assert len(shown) % 2, (language, name)
        assert all(line.count("$") % 2 == 0 for part in shown[::2] for line in part.splitlines())
        for formula in shown[1::2]:
            assert formula.count("{") == formula.count("}")
            assert formula.count(r"\left") == formula.count(r"\right")
            assert len(re.findall(r"\\lVert", formula)) == len(re.findall(r"\\rVert", formula))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_can_be_run(experiment: Experiment):
    """Its link is a spec, its figure asks for experiments that resolve, its controls exist."""
    scene = Scene(experiment, place.prepared_setup(experiment))
    specs = FIGURES[experiment.shows].specs(scene)
    assert specs or experiment.shows == "price"
    for spec in specs:
        if spec.model != NO_MODEL:
            record(spec.model)
        spec.resolved()
        for needed in spec.prerequisites():
            needed.resolved()
    assert 1 <= len(experiment.controls) <= 2
    assert all(name in CONTROLS for name in experiment.controls)
    assert len(set(experiment.options)) == len(experiment.options)


def test_what_a_chapter_may_say_is_what_the_page_can_show():
    assert set(FIGURES) == set(chapters.SHOWS)
    assert set(CONTROLS) == set(chapters.CONTROLS)
    pages = {path.stem for path in resources.pages().glob("*.py")}
    assert set(chapters.PAGES) <= pages


@pytest.mark.parametrize("chapter", library("zh-CN").chapters, ids=lambda c: c.name)
def test_a_translation_shows_the_same_experiments(chapter: Chapter):
    english = next(c for c in library().chapters if c.name == chapter.name)
    assert len(english.experiments) == len(chapter.experiments)
    for first, second in zip(english.experiments, chapter.experiments, strict=True):
        words = {"title": "", "question": "", "look_for": "", "options": ()}
        assert replace(first, **words) == replace(second, **words)
        assert len(first.options) == len(second.options)
        assert first.title != second.title
    assert english.references == chapter.references
    for name, text in english.sections.items():
        assert text.count("$$") == chapter.sections[name].count("$$")


def test_the_words_of_a_preset_name_what_its_screening_chose():
    for language, named in (("en", ("goldfish", "dog")), ("zh-CN", ("\u91d1\u9c7c", "\u72d7"))):
        first = place.shelf(language).chapters[0].experiments[0]
        assert first.link == "preset:goldfish"
        assert all(name in first.title for name in named)
        for chapter in place.shelf(language).chapters:
            for each in chapter.experiments:
                words = " ".join((each.title, each.question, each.look_for, *each.options))
                assert "{" not in words


# --- a teacher's own files --------------------------------------------------------


def put(folder: Path, name: str, text: str, language: str = "en") -> Path:
    path = folder / language / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_chapter_that_is_added_to_a_folder_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    put(tmp_path, "09-mine.md", TEXT.replace("title: A targeted attack", "title: My own"))
    found = library()
    assert not found.problems
    assert [c.title for c in found.chapters][-1] == "My own"
    assert len(found.chapters) == 9
    assert library("zh-CN").chapters[-1].language == "en", "untranslated, it is shown in English"


def test_a_chapter_that_is_edited_is_read_again(tmp_path: Path):
    path = put(tmp_path, "01-a.md", TEXT)
    assert library(folders=(tmp_path,)).chapters[0].title == "A targeted attack"
    path.write_text(TEXT.replace("title: A targeted attack", "title: Another"), encoding="utf-8")
    assert library(folders=(tmp_path,)).chapters[0].title == "Another"


BROKEN = {
    "no front matter": (TEXT.split("---", 2)[2], "front matter"),
    "no YAML": (TEXT.replace("title: A targeted", "title: [A targeted"), "no YAML"),
    "a field is missing": (re.sub(r"summary: .*\n", "", TEXT), "summary"),
    "a field is unknown": (TEXT.replace("summary:", "colour: red\nsummary:"), "colour"),
    "another type": (TEXT.replace("title: A targeted attack", "title: 7"), "title"),
    "a link that says nothing": (re.sub(r"link: .*", "link: v=1&kind=board", TEXT), "link"),
    "a preset that there is not": (TEXT.replace("preset:goldfish", "preset:unicorn"), "link"),
    "a link beyond the range": (TEXT.replace("eps=1.0", "eps=1e9", 1), "link"),
    "no such figure": (TEXT.replace("shows: board", "shows: film"), "shows"),
    "no such control": (TEXT.replace("[strength, target]", "[strength, mood]"), "controls"),
    "three controls": (TEXT.replace("[strength, target]", "[strength, target, norm]"), "controls"),
    "an id twice": (TEXT.replace("id: only-noise", "id: goldfish"), "experiments"),
    "a section is missing": (TEXT.replace("## exercise", ""), "## exercise"),
    "an unknown section": (TEXT.replace("## exercise", "## homework"), "homework"),
    "a formula without an end": (TEXT.replace("$k$", "$k"), "## idea"),
}


@pytest.mark.parametrize(("text", "names"), BROKEN.values(), ids=BROKEN)
def test_a_broken_chapter_is_one_sentence_and_hides_no_other(tmp_path: Path, text: str, names: str):
    put(tmp_path, "01-broken.md", text)
    put(tmp_path, "02-whole.md", TEXT)
    found = library(folders=(tmp_path,))
    assert [chapter.name for chapter in found.chapters] == ["02-whole"]
    (sentence,) = found.problems
    assert "01-broken.md" in sentence
    assert names in sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence


def test_a_broken_translation_leaves_the_english_chapter(tmp_path: Path):
    put(tmp_path, "01-a.md", TEXT)
    put(tmp_path, "01-a.md", "---\ntitle: x\n---\n", "zh-CN")
    found = library("zh-CN", (tmp_path,))
    assert found.chapters[0].language == "en"
    assert len(found.problems) == 1
    assert "zh-CN/01-a.md" in found.problems[0]


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path):
    path = put(tmp_path, "01-a.md", "")
    path.write_bytes(b"---\n\xff\xfe\n---\n")
    assert "UTF-8" in library(folders=(tmp_path,)).problems[0]


def test_the_name_of_a_file_begins_with_its_number():
    with pytest.raises(InvalidInputError, match="number"):
        read_chapter(TEXT, "mine")
    with pytest.raises(AdvvizError, match="begin"):
        read_chapter("", "01-mine")


def test_the_guide_names_everything_that_a_chapter_may_say():
    guide = (resources.assets() / "lessons" / "README.md").read_text(encoding="utf-8")
    known = (*chapters.SHOWS, *chapters.CONTROLS, *chapters.PAGES, *chapters.OVER)
    assert not [name for name in known if f"`{name}`" not in guide]
    assert not [name for name in chapters.SECTIONS if f"`## {name}`" not in guide]
    assert FOLDER in guide
