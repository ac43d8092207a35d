"""Each control's help ends with the way to the chapter that explains it."""

import re

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.lessons.library import library
from advviz.ui import state
from advviz.ui.why import CHAPTERS, why

LINK = re.compile(r"\[Why\? Chapter (\d+): [^\]]+\]\(lessons\?chapter=(\d+)\)$")
FREE = {"av.language.switch", "av.bring"}
"""Widgets that set nothing up of an experiment."""


def opened(page: str, monkeypatch) -> AppTest:
    monkeypatch.setattr(state, "engine", FakeEngine)
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / page))
    at.session_state["av.more"] = True  # the drawer of all other controls
    at.run()
    assert not at.exception, at.exception
    return at


def test_every_subject_has_its_chapter():
    assert {chapter.name for chapter in library().chapters} == set(CHAPTERS.values())


@pytest.mark.parametrize("page", ["compare.py", "attack.py", "saliency.py", "ladder.py"])
def test_a_controls_help_leads_to_its_chapter(page: str, monkeypatch):
    at = opened(page, monkeypatch)
    numbers = {chapter.number for chapter in library().chapters}
    kinds = ("selectbox", "select_slider", "number_input", "toggle", "button_group")
    helps = {
        widget.key: widget.help
        for kind in kinds
        for widget in at.get(kind)
        if widget.help and widget.key not in FREE
    }
    assert {"av.image", "av.target", "av.strength", "av.norm", "av.steps"} <= helps.keys()
    for key, told in helps.items():
        found = LINK.search(told)
        assert found, f"{key}: {told}"
        assert found[1] == found[2]
        assert int(found[1]) in numbers
    assert "chapter=2" in helps["av.strength"]


def test_a_chapter_in_chinese_is_opened_in_chinese(monkeypatch):
    at = opened("compare.py", monkeypatch)
    at.button_group(key="av.language.switch").set_value("zh-CN").run()
    (told,) = (each.help for each in at.selectbox if each.key.startswith("av.target"))
    assert "有目标的攻击" in told
    assert told.endswith("](lessons?chapter=1&lang=zh-CN)")


def test_a_chapter_that_is_not_there_is_not_linked(monkeypatch):
    assert "chapter=2" in why("ball")
    monkeypatch.setitem(CHAPTERS, "ball", "a chapter that nobody wrote")
    assert why("ball") == ""
