"""The choice of an attack: on the Attack page, in links, and on the command line."""

import json

import pytest
from command_line import STANDARD, called, complaint
from fake_engine import FakeEngine
from test_pages import link_of, opened

from advviz.attacks import parameters
from advviz.attacks.catalogue import attacks
from advviz.errors import InvalidInputError
from advviz.experiments.specs import AttackSpec
from advviz.ui import permalinks
from advviz.ui import setup as setups


def test_the_page_offers_the_catalogue_and_the_parameters_of_the_chosen_attack(
    engine: FakeEngine,
):
    """Each with its own default; a change goes into the spec and the link."""
    at = opened("attack.py")
    offered = at.selectbox(key="av.attack")
    assert offered.options == [attack.title for attack in attacks().values()]
    offered.set_value("cw").run()
    assert engine.attacks()[-1].params == parameters.CarliniWagner()
    at.number_input(key="av.of.cw.searches").set_value(3).run()
    spec = engine.attacks()[-1]
    assert spec.params == parameters.CarliniWagner(searches=3)
    link = link_of(at)
    assert (link["attack"], link["options"]) == ("cw", spec.options)
    at.selectbox(key="av.attack").set_value("pgd").run()
    assert engine.attacks()[-1].options == ""
    assert not at.exception


def test_an_attack_of_another_norm_brings_its_norm(engine: FakeEngine):
    """EAD knows L1 alone: the strength becomes one of about the same size."""
    at = opened("attack.py")
    at.selectbox(key="av.attack").set_value("ead").run()
    spec = engine.attacks()[-1]
    assert (spec.attack, spec.norm) == ("ead", "l1")
    assert 0.2 < spec.eps / (setups.default().board.eps * (3 * 64 * 64) ** 0.5) <= 1
    assert not at.exception


def test_the_attack_goes_to_the_board_and_back():
    """By link as by session, with what it is told."""
    spec = AttackSpec(
        model=STANDARD, image="sample:jeep", norm="linf", eps=0.1, attack="square",
        options="queries=77",
    )  # fmt: skip
    found = permalinks.adopted(setups.default(), spec)
    linked = permalinks.from_query(setups.default(), permalinks.to_query(found, "board", ()))
    for setup in (found, linked):
        assert setup.board.attack_on(STANDARD) == spec
        assert setup.board.row(STANDARD).attack == spec


def test_options_of_another_attack_are_refused():
    """In a link as anywhere; the sentence names what the attack takes."""
    with pytest.raises(InvalidInputError, match="square takes queries, first_share, got 'steps'"):
        AttackSpec(model=STANDARD, image="x", attack="square", options="steps=3")
    with pytest.raises(InvalidInputError, match="options must be empty for pgd"):
        AttackSpec(model=STANDARD, image="x", options="steps=3")
    with pytest.raises(InvalidInputError, match="name every parameter once"):
        AttackSpec(model=STANDARD, image="x", attack="cw", options="steps=3,steps=4")
    assert AttackSpec(model=STANDARD, image="x", attack="cw").options == (
        "confidence=0.0,constant=0.001,learning_rate=0.01,searches=9,steps=200"
    )


def test_the_command_counts_questions_and_measures_in_l1(capsys):
    """What only some attacks have is said of those."""
    words = ["attack", "sample:chelsea", "--model", STANDARD, "--json"]
    square = ["--attack", "square", "--norm", "linf", "--eps", "8/255", "--queries", 3]
    said = json.loads(called(capsys, *words, *square))
    assert (said["attack"], said["queries"]) == ("square", 3 if not said["success"] else 1)
    assert "l1" not in said["distance"]
    nearest = ["--attack", "min-norm", "--norm", "l1", "--eps", "50", "--steps", 6]
    said = json.loads(called(capsys, *words, *nearest))
    assert said["success"] is (said["distance"]["l1"] <= 50)
    assert said["distance"]["l1"] > said["distance"]["l2"] > 0
    refused = complaint(capsys, *words, "--attack", "fgsm", "--steps", 3)
    assert refused == "fgsm takes loss, got 'steps'"
