"""One spec, four uses: link, flags, Python and the spec itself mean the same, byte for byte."""

from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advviz import compute
from advviz.attacks import parameters
from advviz.attacks.catalogue import attacks
from advviz.cli import main
from advviz.cli.entry import command, parse
from advviz.compute import Engine
from advviz.errors import InvalidInputError
from advviz.experiments import codec, links
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.attack_choice import PGD, PGD_FIELDS
from advviz.experiments.board import BoardSpec
from advviz.experiments.explainer_choice import FIRST, SMOOTHGRAD_FIELDS
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.options import written_options
from advviz.experiments.references import RESULT
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, PredictSpec, VisualizeSpec
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain import parameters as of_explainers
from advviz.explain.catalogue import explainers
from advviz.fields import AUTO, added, choice, count

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"
NAMES = st.text(min_size=1, max_size=20).filter(lambda word: not word.startswith("-"))
UNITS = {
    "unit": st.one_of(
        NAMES.map("class:{}".format),
        st.integers(0, 999).map("unit:{}".format),
        NAMES.map("channel:{}:3".format),
    ),
    "layer": st.sampled_from((AUTO, "layer4", "features.3.conv_1")),
}


def values(field):
    """Give every value that a field may hold."""
    meta = field.metadata
    if field.name in UNITS:
        return UNITS[field.name]
    if "options" in meta:
        return st.sampled_from(meta["options"])
    if meta["type"] is bool:
        return st.booleans()
    if meta["type"] is int:
        numbers = st.integers(meta["low"], meta["high"])
        return st.one_of(st.just(AUTO), numbers) if meta.get("auto") else numbers
    if meta["type"] is float:
        high = 1.0 if field.name == "eps" else meta["high"]  # within every norm's bound
        numbers = st.floats(meta["low"], high).map(abs)
        return st.one_of(st.just(AUTO), numbers) if meta.get("auto") else numbers
    return NAMES


def specs_of(spec):
    drawn = {field.name: values(field) for field in fields(spec)}
    if issubclass(spec, ExplainSpec):
        by_name = explainers()
        return drawn.pop("method").flatmap(lambda name: with_explainer(spec, drawn, by_name[name]))
    if "attack" not in drawn:
        return st.builds(spec, **drawn)
    return drawn.pop("attack").flatmap(lambda name: with_attack(spec, drawn, attacks()[name]))


def with_attack(spec, drawn, attack):
    """Draw a spec with one of the attacks, told something or nothing."""
    told = st.just("")
    if attack.name != PGD:
        params = st.builds(attack.params, **{f.name: values(f) for f in fields(attack.params)})
        told = st.one_of(told, params.map(written_options))
    here = {"attack": st.just(attack.name), "norm": st.sampled_from(attack.norms), "options": told}
    if attack.minimal and "quantized" in drawn:
        here["quantized"] = st.just(False)
    return st.builds(spec, **drawn | here)


def with_explainer(spec, drawn, explainer):
    """Draw a map by one of the explainers, told something or nothing."""
    told = st.just("")
    if explainer.name not in FIRST:
        params = {f.name: values(f) for f in fields(explainer.params)}
        told = st.one_of(told, st.builds(explainer.params, **params).map(written_options))
    return st.builds(spec, **drawn | {"method": st.just(explainer.name), "options": told})


KINDS = (
    PredictSpec, AttackSpec, NoiseSpec, ExplainSpec, VisualizeSpec, SmallestSpec, DefencesSpec,
    SurfaceSpec, TrustSpec, AlikeSpec, UnitsSpec, FeaturesSpec, LabTrainingSpec, AtlasSpec,
    ResponsesSpec, BoardSpec, LadderSpec,
)  # fmt: skip
ANY_SPEC = st.one_of(*map(specs_of, KINDS))


def from_flags(words):
    args = parse(words)
    return command(args.command).spec_of(args)


@given(ANY_SPEC)
def test_a_link_gives_the_spec_back(spec):
    assert links.from_link(links.to_link(spec)) == spec
    assert links.from_link("https://somewhere/page?" + links.to_link(spec)) == spec
    assert links.from_query(links.to_query(spec)) == spec


@given(ANY_SPEC)
def test_flags_give_the_spec_back(spec):
    assert from_flags(links.to_flags(spec)) == spec


@given(ANY_SPEC)
def test_the_python_program_gives_the_spec_back(spec):
    program = links.to_python(spec).splitlines()
    assert "engine().run(" in program.pop()
    found = {}
    exec("\n".join(program), found)
    assert found["spec"] == spec


@pytest.mark.parametrize("spec", KINDS)
def test_what_has_a_default_may_be_left_out_of_the_flags(spec):
    needed = {f.name: "class:cat" for f in fields(spec) if f.default is MISSING}
    wanted = spec(**needed)
    words = links.to_flags(wanted)
    kept = [*getattr(spec, "command", (spec.kind,))]
    for flag, value in pairwise(words):
        name = flag.removeprefix("--").replace("-", "_")
        if flag.startswith("--") and name in needed:
            kept += [flag, value]
    if "image" in needed:
        kept.append(needed["image"])
    assert from_flags(kept) == wanted


def test_a_spec_declares_the_same_flags_as_fields():
    """Every field has its flag, with its own words of help."""
    for spec in KINDS:
        words = links.to_flags(
            spec(**{f.name: "class:cat" for f in fields(spec) if f.default is MISSING})
        )
        flags = {word.removeprefix("--").replace("-", "_") for word in words if word[:2] == "--"}
        of_all = {f.name for f in fields(spec)} - {"options"}  # each option has its own flag
        assert flags | {"image"} == of_all | {"image"}


def test_fractions_and_bare_switches_are_read():
    words = ["attack", "x.png", "--model", STANDARD, "--norm", "linf", "--eps", "8/255"]
    spec = from_flags([*words, "--random-start"])
    assert spec.eps == 8 / 255
    assert spec.random_start is True
    assert from_flags([*words, "--random-start", "false"]).random_start is False


@pytest.mark.parametrize(
    "words", [["--eps", "-1"], ["--seed", "x"], ["--norm", "l3"], ["--stepz", "3"]]
)
def test_flags_go_through_the_same_door_as_links(words):
    with pytest.raises(InvalidInputError):
        from_flags(["attack", "x.png", "--model", STANDARD, *words])


# --- links from before a field existed ------------------------------------------

OLD_BOARD = (
    "v=1&kind=board&standard=tiny14-standard&robust=tiny14-robust-l2&image=sample%3Ajeep"
    "&target=bus&norm=l2&eps=2.0&steps=30&step_size=auto&random_start=true&restarts=2&seed=7"
    "&explained=predicted&explained_image=original&samples=20&sigma=0.1"
)


def test_an_old_link_means_what_it_meant():
    """The search then had one loss, made all its steps, and asked the model as it is."""
    board = links.from_link(OLD_BOARD)
    assert (board.loss, board.early_stop, board.numerics) == ("cross-entropy", False, "reference")
    assert links.to_link(board).startswith(OLD_BOARD)
    (attack, *_) = board.specs()
    assert attack == AttackSpec(
        model=STANDARD, image="sample:jeep", target="bus", eps=2.0, steps=30, random_start=True,
        restarts=2, seed=7,
    )  # fmt: skip


def test_the_parameters_of_pgd_are_those_of_the_catalogue():
    """Its fields were there first; name, range and words are the same."""
    for field in fields(parameters.PGD):
        mine = next(f for f in fields(AttackSpec) if f.name == field.name)
        assert (mine.default, dict(mine.metadata)) == (field.default, dict(field.metadata))
    assert len(PGD_FIELDS) == 5


def test_the_parameters_of_smoothgrad_are_those_of_the_catalogue():
    """Its fields were there first; name, range and words are the same."""
    assert tuple(f.name for f in fields(of_explainers.SmoothGrad)) == SMOOTHGRAD_FIELDS
    for field in fields(of_explainers.SmoothGrad):
        mine = next(f for f in fields(ExplainSpec) if f.name == field.name)
        assert (mine.default, dict(mine.metadata)) == (field.default, dict(field.metadata))


OLD_MAP = (
    "v=1&kind=explain&model=tiny14-standard&image=sample%3Ajeep&method=smoothgrad"
    "&explained=predicted&objective=cross-entropy&samples=20&sigma=0.1&sigma_unit=range"
    "&magnitude=signed&seed=3&numerics=reference"
)


def test_a_map_from_before_there_were_other_explainers_keeps_its_link_and_its_key():
    """And so its result, wherever that is kept."""
    spec = links.from_link(OLD_MAP)
    assert links.to_link(spec) == OLD_MAP + "&options="
    named = ("method", "explained", "objective", *SMOOTHGRAD_FIELDS, "seed", "numerics")
    assert spec.resolved().keys() == {"image", *named}
    plain = replace(spec, method="gradient")
    assert plain.resolved().keys() == {"image", "method", "explained", "objective"}
    assert (plain.samples, links.from_link(links.to_link(plain))) == (20, plain)


def test_an_explainer_is_told_its_own_parameters_alone():
    """What it does not have is refused by name, and SmoothGrad's leave no trace."""
    words = ["explain", "x.png", "--model", STANDARD, "--method"]
    spec = from_flags([*words, "input-x-gradient"])
    assert spec == replace(spec, samples=7, sigma=1.0)
    with pytest.raises(InvalidInputError, match="input-x-gradient takes no options, got 'sigma'"):
        from_flags([*words, "input-x-gradient", "--sigma", "0.5"])
    with pytest.raises(InvalidInputError, match="options must be empty for smoothgrad"):
        replace(spec, method="smoothgrad", options="samples=3")


def test_an_attack_is_told_its_own_parameters_alone():
    """What it is not told has its default, and what it does not have is refused by name."""
    words = ["attack", "x.png", "--model", STANDARD, "--attack", "cw"]
    spec = from_flags([*words, "--steps", "50", "--confidence", "1/2"])
    assert spec.params == parameters.CarliniWagner(steps=50, confidence=0.5)
    assert spec == replace(spec, options="confidence=0.5,steps=50")
    assert spec.steps == AttackSpec(model=STANDARD, image="x").steps
    with pytest.raises(InvalidInputError, match=r"cw takes steps, searches, .*, got 'queries'"):
        from_flags([*words, "--queries", "5"])
    with pytest.raises(InvalidInputError, match=r"steps must lie in \[1, 10000\], got 0"):
        from_flags([*words, "--steps", "0"])
    with pytest.raises(InvalidInputError, match="cw works in l2, got linf"):
        from_flags([*words, "--norm", "linf"])
    with pytest.raises(InvalidInputError, match="pgd does not take --first-share"):
        from_flags(["attack", "x.png", "--model", STANDARD, "--first-share", "0.1"])


def test_a_key_holds_what_the_attack_is_told_and_its_version():
    """Results of PGD keep the key that they had before there were other attacks."""
    pgd = AttackSpec(model=STANDARD, image="sample:jeep")
    assert "attack" not in pgd.resolved()
    other = replace(pgd, attack="min-norm", options="steps=7")
    assert other.resolved().items() >= {"attack": "min-norm", "steps": 7, "halvings": 10}.items()
    assert "loss" not in other.resolved()


def test_the_smallest_change_has_no_8_bits_to_search_in():
    """Neither in an attack nor in what stands for several."""
    minimal = [name for name, attack in attacks().items() if attack.minimal]
    assert "min-norm" in minimal
    for name in minimal:
        norm = attacks()[name].norms[0]
        with pytest.raises(InvalidInputError, match=f"quantized must be false for {name}, .*pgd"):
            BoardSpec(attack=name, norm=norm, quantized=True)
    assert AttackSpec(model=STANDARD, image="x", attack="fgsm", quantized=True).quantized


def test_an_attack_from_before_8_bits_keeps_its_key():
    """Results that ship, and those on people's disks, are found by it."""
    attack = AttackSpec(model=STANDARD, image="sample:jeep")
    assert "quantized" not in attack.resolved()
    assert replace(attack, quantized=True).resolved() == attack.resolved() | {"quantized": True}


@pytest.mark.parametrize("spec", KINDS)
def test_a_link_may_lack_only_what_came_later(spec):
    """Whatever the other fields say; all else is named as missing."""
    values = {f.name: "class:cat" for f in fields(spec) if f.default is MISSING}
    query = links.to_query(spec(**values))
    for field in fields(spec):
        rest = {name: words for name, words in query.items() if name != field.name}
        if "absent" in field.metadata:
            assert getattr(links.from_query(rest), field.name) == field.metadata["absent"]
        else:
            with pytest.raises(InvalidInputError, match=f"missing: {field.name};"):
                links.from_query(rest)


def test_a_field_that_came_later_keeps_its_old_meaning_when_its_default_changes():
    """The link means the search of then."""

    @dataclass(frozen=True, kw_only=True)
    class Later:
        kind: ClassVar[str] = "later"
        steps: int = count(20, 1, 100, "")
        loss: str = added(choice("margin", ("margin", "cross-entropy"), ""), absent="cross-entropy")

    old = codec.from_link("v=1&kind=later&steps=3", {"later": Later})
    assert (old, Later().loss) == (Later(steps=3, loss="cross-entropy"), "margin")
    assert codec.from_link(codec.to_link(old), {"later": Later}) == old


def test_a_board_takes_an_attack_over_whole():
    """All but its model: each model of the board is attacked as that one was."""
    attack = AttackSpec(
        model=ROBUST, image="sample:jeep", target="bus", norm="linf", eps=0.1, steps=3,
        step_size=0.02, random_start=True, restarts=2, loss="margin", early_stop=True, seed=5,
        numerics="fast", quantized=True,
    )  # fmt: skip
    board = BoardSpec().with_attack(attack)
    assert [row.attack for row in board.rows()] == [replace(attack, model=STANDARD), attack]


# --- the same bytes, by whichever way ------------------------------------------

ATTACK = AttackSpec(
    model=STANDARD, image="sample:jeep", target="bus", eps=0.7, steps=3, restarts=2, seed=5
)
CASES = [
    ATTACK,
    replace(ATTACK, norm="linf", eps=8 / 255, restarts=1, target="any", loss="margin"),
    replace(ATTACK, quantized=True),
    ExplainSpec(model=ROBUST, image="sample:goose", method="smoothgrad", samples=3, seed=1),
    ExplainSpec(model=STANDARD, image="result:" + links.to_link(ATTACK), explained="cat"),
    ExplainSpec(
        model=ROBUST, image="sample:goose", method="expected-gradients", options="samples=3", seed=1
    ),
    ExplainSpec(model=STANDARD, image="sample:goose", method="rise", options="masks=9", seed=1),
    VisualizeSpec(model=ROBUST, unit="class:goldfish", steps=3, seed=2),
    VisualizeSpec(model=STANDARD, unit="class:cat", score="log-probability", steps=2),
    VisualizeSpec(model=STANDARD, unit="unit:7", start="sample:coffee", steps=2),
    VisualizeSpec(model=STANDARD, unit="channel:layer3:5", method="fourier", steps=2),
]


def computed(spec):
    """Compute in an engine of its own, which knows no result yet."""
    engine = Engine(use_shipped=False)
    try:
        return engine.run(spec)
    finally:
        engine.close()


def by_flags(spec, folder):
    words = links.to_flags(spec)
    if isinstance(spec, AttackSpec):
        words += ["--out", str(folder)]
    else:
        words += ["--out", str(folder / "picture.png"), "--npz", str(folder / "result.npz")]
    assert main(words) == 0
    with np.load(folder / "result.npz") as arrays:
        return dict(arrays)


def by_python(spec, monkeypatch):
    engine = Engine(use_shipped=False)
    monkeypatch.setattr(compute, "engine", lambda: engine)
    found = {}
    try:
        exec(links.to_python(spec), found)
    finally:
        engine.close()
    return found["result"].arrays


@pytest.mark.parametrize("spec", CASES, ids=lambda spec: spec.kind)
def test_link_flags_and_python_compute_the_same_bytes(spec, tmp_path, monkeypatch, capsys):
    wanted = computed(spec).arrays
    linked = computed(links.from_link(links.to_link(spec))).arrays
    written = by_flags(spec, tmp_path)
    programmed = by_python(spec, monkeypatch)
    capsys.readouterr()
    assert linked.keys() == programmed.keys() == wanted.keys() >= written.keys()
    assert len(written) >= 3
    for name, array in wanted.items():
        for other in (linked, programmed, written):
            if name in other:
                assert other[name].dtype == array.dtype
                assert other[name].tobytes() == array.tobytes(), name


def test_fourier_coefficients_start_from_noise_whatever_the_start():
    """So the start neither enters the key nor is computed first."""
    attack = AttackSpec(model="tiny14-standard", image="sample:chelsea")
    fourier = VisualizeSpec(model="tiny14-standard", unit="class:cat", method="fourier")
    from_attack = replace(fourier, start=RESULT + links.to_link(attack))
    assert from_attack.prerequisites() == ()
    assert from_attack.resolved() == fourier.resolved()
    plain = replace(from_attack, method="ascent")
    assert plain.prerequisites() == (attack,)
    assert plain.resolved() != replace(fourier, method="ascent").resolved()
