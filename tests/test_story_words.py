"""Every sentence of the Story, the presets' cards and the report's drawer has its translation."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from advviz.experiments.preset_words import SENTENCES, TITLES
from advviz.ui import language, one_page, preset_cards, story, story_figures, try_next

CHINESE = language.translations(language.CHINESE)


def said(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        is_say = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"
        if is_say and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


def places(sentence):
    return sorted(name for _, name, _, _ in Formatter().parse(sentence) if name)


@pytest.mark.parametrize("module", [story, story_figures, preset_cards, one_page, try_next])
def test_every_sentence_is_translated(module):
    found = list(said(module))
    assert found
    for sentence in [*found, *TITLES.values(), *SENTENCES.values()]:
        assert places(CHINESE[sentence]) == places(sentence)
