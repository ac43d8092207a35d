"""The interface's languages: nothing is left untranslated, and links keep the language."""

import ast
import importlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.attacks import defences
from advviz.attacks.catalogue import attacks
from advviz.compute import Job
from advviz.data import gallery
from advviz.evaluation import red_flags
from advviz.experiments import presets
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.explain.catalogue import explainers
from advviz.models.records import bundled, catalogue, record
from advviz.ui import compute, curves, language, navigation, permalinks, words
from advviz.ui import setup as setups
from advviz.ui.measure import Measure

TRANSLATIONS = resources.assets() / "translations"
OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]
UI = Path(language.__file__).parent
FILES = sorted([*UI.rglob("*.py"), *resources.pages().glob("*.py")])
SHOWN = frozenset(
    [
        "button",
        "caption",
        "camera_input",
        "checkbox",
        "download_button",
        "error",
        "expander",
        "file_uploader",
        "header",
        "info",
        "markdown",
        "metric",
        "multiselect",
        "number_input",
        "opened",
        "page_link",
        "popover",
        "radio",
        "segmented_control",
        "select_slider",
        "selectbox",
        "slider",
        "subheader",
        "success",
        "tabs",
        "text",
        "text_area",
        "text_input",
        "title",
        "toast",
        "toggle",
        "warning",
        "write",
    ]
)
"""Calls whose first argument is read by people."""
READ = frozenset({"help", "label", "placeholder", "caption", "alt"})
"""Keyword arguments that people read."""
UNSEEN = frozenset({"_LOG"})
"""What has methods of the same names, which nobody sees on a page."""
UNTRANSLATED = {
    "Language · 语言",  # of the switch itself, in all languages at once
    "advviz",
}
"""Literals that are shown as they are."""
PAGES = sorted(path.name for path in resources.pages().glob("*.py"))
DRAWERS = (
    "av.more", "av.take", "av.ball", "av.strengths", "av.control", "av.defences", "av.surface",
    "av.trust", "av.check", "av.own", "av.m.c", "av.m.i", "av.m.t", "av.e.t",
    "av.models.bring", "av.models.by-name", "av.alike", "av.units",
)  # fmt: skip


def opened(page: str, locale: str | None = None, **query: str) -> AppTest:
    """A fresh session on a page with all drawers open, of a browser that speaks a language."""
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / page))
    at.context["locale"] = locale
    for key in DRAWERS:
        at.session_state[key] = True
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def link_of(at: AppTest) -> dict[str, str]:
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in at.query_params.items()
    }


# --- the translations -----------------------------------------------------------


def places(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def sentences(value: Any) -> Iterator[str]:
    """All strings of a constant: of its values, where it is a mapping."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from sentences(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from sentences(each)


def is_constant(name: str) -> bool:
    return name.strip("_").isupper()


def constant_of(argument: ast.expr, tree: ast.Module) -> str | None:
    """The constant that a sentence is taken from: NAME, NAME[...], or `each` for each in NAME."""
    if isinstance(argument, ast.Subscript):
        argument = argument.value
    if not isinstance(argument, ast.Name):
        return None
    if is_constant(argument.id):
        return argument.id
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension) and ast.unparse(node.target) == argument.id:
            found = ast.unparse(node.iter)
            return found if is_constant(found) else None
    return None


def said_in(path: Path) -> Iterator[tuple[int, str]]:
    """Every sentence that a file gives to `say`, with its line; constants are looked up."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "language.say")):
            continue
        argument = node.args[0]
        if isinstance(argument, ast.Constant):
            yield node.lineno, argument.value
            continue
        name = constant_of(argument, tree)
        assert name, f"{path.name}:{node.lineno}: say needs a literal; a name needs term"
        if path.is_relative_to(UI):
            dotted = ".".join(path.relative_to(UI.parent.parent).with_suffix("").parts)
            value = getattr(importlib.import_module(dotted), name)
        else:
            value = literal(tree, name)
        for sentence in sentences(value):
            yield node.lineno, sentence


def literal(tree: ast.Module, name: str) -> Any:
    """The value of a constant of a page, which is not imported but run."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"no constant {name}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_with_its_places(code: str, path: Path):
    known = language.translations(code)
    missing = [
        f"{line}: {sentence}"
        for line, sentence in said_in(path)
        if sentence and sentence not in known
    ]
    assert not missing


@pytest.mark.parametrize("code", OTHERS)
def test_the_translations_hold_the_same_places_and_agree(code: str):
    found: dict[str, str] = {}
    for path in sorted((TRANSLATIONS / code).glob("*.json")):
        for english, translated in json.loads(path.read_text(encoding="utf-8")).items():
            assert places(english) == places(translated), f"{path.name}: {english}"
            assert found.setdefault(english, translated) == translated, f"{path.name}: {english}"
            assert translated.strip(), f"{path.name}: {english}"


def terms() -> Iterator[str]:
    """The names that pages show and that come from elsewhere: fields, attacks, classes, ..."""
    for spec in (AttackSpec, ExplainSpec, VisualizeSpec, Measure):
        for field in fields(spec):
            yield field.metadata["help"]
    for attack in attacks().values():
        yield from (attack.title, attack.title.partition(":")[0])
        for field in fields(attack.params):
            yield from (field.name.replace("_", " "), field.metadata["help"])
            yield from field.metadata.get("options", ())
    for entry in explainers().values():
        yield from (entry.title, entry.is_, entry.notice, entry.cannot, entry.network)
        for field in fields(entry.params):
            yield from (field.name.replace("_", " "), field.metadata["help"])
            yield from field.metadata.get("options", ())
    for described in catalogue().values():
        yield from described.classes
        yield from [described.title] if described.id in bundled() else []
    for sample in gallery.samples():
        yield sample.title
    for section, pages in navigation.SECTIONS.items():
        yield from (section, *(title for _, title, _ in pages))
    yield from (*compute.KINDS.values(), *(word for _, word in dict.values(words.ROW)))
    yield from (*defences.NAMES, *red_flags.CHECKS)
    yield from (curves.STEPS.title, curves.STEPS.head, curves.STEPS.mark)


@pytest.mark.parametrize("code", OTHERS)
def test_every_name_that_a_page_shows_is_translated(code: str):
    known = language.translations(code)
    assert [name for name in terms() if name and name not in known] == []


def words_of(node: ast.expr) -> str:
    """The text of a literal or an f-string, without what is filled in and without icons."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r":material/\w+:", "", node.value)
    if isinstance(node, ast.JoinedStr):
        return " ".join(words_of(part) for part in node.values if isinstance(part, ast.Constant))
    if isinstance(node, ast.BinOp):
        return words_of(node.left) + words_of(node.right)
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_widget_shows_an_english_literal(path: Path):
    left = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in SHOWN or ast.unparse(node.func.value) in UNSEEN:
            continue
        shown = [] if node.func.attr == "page_link" else node.args[:1]  # which is a path
        shown += [word.value for word in node.keywords if word.arg in READ]
        left += [
            f"{node.lineno}: {text}"
            for text in map(words_of, shown)
            if re.search(r"[A-Za-z]{2}", text) and text not in UNTRANSLATED
        ]
    assert not left


# --- the pages ------------------------------------------------------------------


def shown_by(at: AppTest) -> str:
    """All that a page says: each string of each element that is no key, code or command."""
    assert not at.exception, at.exception
    told: list[str] = []
    for element in at._tree:
        proto = getattr(element, "proto", None)
        if hasattr(proto, "ListFields") and element.type != "code":
            told += strings_of(proto)
    text = " ".join(piece for piece in told if "export default" not in piece)
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", "\n", text)


UNREAD = frozenset(
    [
        "id",
        "key",
        "form_id",
        "icon",
        "element_id",
        "language",
        "url",
        "js",
        "css",
        "component_name",
        "json",
        "type",
        "default",
        "page",
        "page_script_hash",
        "fragment_id",
    ]
)
"""Fields of an element that nobody reads."""


def strings_of(proto: Any) -> Iterator[str]:
    for field, value in proto.ListFields():
        if field.name in UNREAD:
            continue
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield each
            elif hasattr(each, "ListFields"):
                yield from strings_of(each)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_speaks_the_language_of_the_browser(page: str):
    at = opened(page, locale="zh-CN")
    said = re.sub(r"\*[A-Z][^*]*\*", "", shown_by(at))  # titles of papers
    assert not at.error
    assert len(re.findall(r"[\u4e00-\u9fff]", said)) > 100
    english = re.findall(r"[a-z]+(?:,? [a-z]+){3,}", re.sub(r"--[a-z-]+ \S+|data:\S+", "", said))
    assert english == []


# --- the choice of a language -----------------------------------------------------


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("locale", [None, "en-GB", "de-DE"])
def test_other_browsers_read_english(locale: str | None):
    assert "Same dog. Why does one network say goldfish?" in shown_by(opened("home.py", locale))


@pytest.mark.parametrize("locale", ["zh", "zh-CN", "zh-Hans-SG"])
@pytest.mark.usefixtures("engine")
def test_a_chinese_browser_reads_chinese(locale: str):
    assert "同一张狗的图像" in shown_by(opened("home.py", locale))


@pytest.mark.usefixtures("engine")
def test_the_language_of_a_link_wins_over_the_browsers_and_stays_in_the_address():
    at = opened("compare.py", "zh-CN", lang="en")
    assert "original" in shown_by(at)
    assert link_of(at)["lang"] == "en"
    assert link_of(opened("compare.py", "en-GB", lang="zh-CN"))["lang"] == "zh-CN"


@pytest.mark.usefixtures("engine")
def test_nothing_is_added_to_the_links_of_who_chose_no_language():
    assert "lang" not in link_of(opened("compare.py", "zh-CN"))


@pytest.mark.parametrize("lang", ["en", "zh-CN", "xx", ""])
def test_the_language_is_no_part_of_what_is_computed(engine: FakeEngine, lang: str):
    """A link with it, whatever it says, opens the same experiment as the link without it."""
    first = setups.default().with_image("sample:goose").with_board(eps=2.0, seed=7, target="frog")
    link = permalinks.to_query(first, "board", ())
    opened("compare.py", **link)
    asked = set(engine.asked)
    engine.asked.clear()
    at = opened("compare.py", **link, lang=lang)
    assert not at.warning
    assert set(engine.asked) == asked
    assert link.items() <= link_of(at).items()


@pytest.mark.usefixtures("engine")
def test_a_page_in_chinese_runs_again():
    """Labels stay the same outside of a run, where Streamlit may ask for them."""
    at = opened("compare.py", "zh-CN")
    at.selectbox(key="av.target.zh-CN").set_value("frog").run()
    assert not at.exception
    assert link_of(at)["target"] == "frog"
    assert "狗 → 蛙" in shown_by(at)


@pytest.mark.usefixtures("engine")
def test_the_switch_changes_the_language_and_nothing_else():
    at = opened("compare.py", "en-GB", **{"show.gain": "10"})
    before = link_of(at)
    at = at.button_group(key="av.language.switch").set_value("zh-CN").run()
    assert "改动" in shown_by(at)
    assert link_of(at) == before | {"lang": "zh-CN"}
    at = at.switch_page(str(resources.pages() / "home.py")).run()
    assert "同一张狗的图像" in shown_by(at)
    assert link_of(at)["lang"] == "zh-CN"


@pytest.mark.usefixtures("engine")
def test_home_leads_to_the_other_pages_in_the_language_that_was_chosen():
    at = opened("home.py", lang="zh-CN")
    doors = [element.proto.query_string for element in at.get("page_link")]
    assert len(doors) == 3 + len(presets.offered()) - 1  # the first is Home's own
    assert all("lang=zh-CN" in door for door in doors)


@pytest.mark.filterwarnings("error")
def test_outside_of_a_page_english_is_spoken(caplog: pytest.LogCaptureFixture):
    """A worker's thread has no reader, and no reason to warn."""
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(language.say("{n} images", n=4)))
    thread.start()
    thread.join()
    assert said == ["4 images"]
    assert language.term("goldfish") == "goldfish"
    assert caplog.records == []


def test_a_sentence_of_the_core_is_recognised_by_its_places(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language, "language", lambda: language.CHINESE)
    assert language.quote("attack, start 2 of 3").endswith("起点 2/3")
    assert language.quote("nobody has translated this") == "nobody has translated this"
    assert "CIFAR-10" in language.quote("trained by the advviz project on CIFAR-10")
    assert words.title_of(record("tiny14-standard")) == "Tiny14 标准"


def test_what_is_drawn_once_for_all_is_drawn_once_in_each_language(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    """The board is kept for a class, whose members read different languages."""
    made: dict[Spec, Job] = {}
    submit = engine.submit

    def known(spec: Spec) -> Job:
        return made.get(spec) or made.setdefault(spec, submit(spec))

    monkeypatch.setattr(engine, "submit", known)
    link = permalinks.to_query(setups.default().with_board(seed=11), "board", ())
    assert "true change, shown" in shown_by(opened("compare.py", **link))
    assert "真实改动" in shown_by(opened("compare.py", "zh-CN", **link))
    assert "true change, shown" in shown_by(opened("compare.py", **link))


@pytest.mark.usefixtures("engine")
def test_what_is_wrong_with_a_link_is_said_in_the_readers_language():
    link = permalinks.to_query(setups.default(), "board", ()) | {"eps": "1001"}
    at = opened("compare.py", "zh-CN", **link)
    assert "此链接无法使用" in at.warning[0].value
    assert "必须在" in at.warning[0].value
    assert "1001" in at.warning[0].value
