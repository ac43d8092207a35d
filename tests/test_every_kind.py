"""One experiment of every kind: its link, its command and its program compute the same bytes."""

from dataclasses import replace

import pytest

from advviz import compute
from advviz.cli import main
from advviz.compute import Engine
from advviz.experiments import links
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.board import BoardSpec
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.references import RESULT
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, PredictSpec, VisualizeSpec
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec

MODEL, OTHER = "cifar10-standard", "cifar10-robust-l2"  # 32 pixels: the quickest
ATTACK = AttackSpec(model=MODEL, image="sample:treefrog", target="ship", eps=0.5, steps=2, seed=3)
MADE = RESULT + links.to_link(ATTACK)
SHARED = {"image": "sample:treefrog", "target": "ship", "steps": 2, "samples": 2, "seed": 3}
ONE_OF_EACH = (
    PredictSpec(model=MODEL, image=MADE),
    ATTACK,
    NoiseSpec(model=MODEL, image="sample:treefrog", eps=0.5, draws=3, seed=3),
    ExplainSpec(model=OTHER, image=MADE, method="smoothgrad", samples=2, seed=3),
    TrustSpec(
        model=OTHER, image=MADE, method="smoothgrad", samples=2, seed=3, copies=1, noisy=2,
        nulls=1, points=2,
    ),
    ExplainSpec(model=OTHER, image=MADE, method="grad-cam", options="layer=layer3,positive=false"),
    VisualizeSpec(model=OTHER, unit="class:ship", steps=2, seed=3),
    SmallestSpec(model=MODEL, image="sample:treefrog", steps=2, tolerance=0.5, seed=3),
    DefencesSpec(model=MODEL, image=MADE, seed=3),
    SurfaceSpec(model=MODEL, image=MADE, points="11", seed=3),
    AlikeSpec(model=OTHER, image=MADE, beside=1, random_maps=10, seed=3),
    UnitsSpec(model=OTHER, image=MADE, layer="layer2", top=2, draws=2, seed=3),
    FeaturesSpec(steps=2, attack_steps=1, seeds=1, limit=20, controls=False, seed=3),
    LabTrainingSpec(
        network="linear", epochs=1, images=100, attack_steps=1, judge_steps=1, judge_restarts=1
    ),
    AtlasSpec(model=OTHER, layer="layer1", steps=2, units=4, seed=3),
    ResponsesSpec(model=OTHER, layer="layer2"),
    BoardSpec(standard=MODEL, robust=OTHER, **SHARED),
    LadderSpec(family="cifar10-l2", rung=OTHER, **SHARED),
)  # fmt: skip


def test_there_is_one_of_every_kind():
    assert {spec.kind for spec in ONE_OF_EACH} == links.KINDS.keys()


@pytest.fixture
def ran(monkeypatch):
    """Record what engines compute in this test, by spec, one list for each way.

    Favourite images of groups have a hundred steps, and a case of their own: here they are
    computed once.
    """
    ways, drawn, run = [], {}, Engine.run

    def recorded(engine, spec, report=None):
        if isinstance(spec, VisualizeSpec) and spec.steps == 100:
            found = drawn.get(spec) or drawn.setdefault(spec, run(engine, spec, report))
        else:
            found = run(engine, spec, report)
        ways[-1][spec] = found.arrays
        return found

    monkeypatch.setattr(Engine, "run", recorded)
    return ways


@pytest.mark.slow
@pytest.mark.parametrize("spec", ONE_OF_EACH, ids=lambda spec: spec.kind)
def test_link_command_and_program_compute_the_same_bytes(spec, ran, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    by_link(spec, ran)
    by_command(spec, ran)
    by_program(spec, ran, monkeypatch)
    capsys.readouterr()
    linked, commanded, programmed = ran
    wanted = set(getattr(spec, "specs", lambda: (spec,))())
    assert wanted <= commanded.keys()
    assert wanted == linked.keys() == programmed.keys()
    for each in wanted:
        arrays = linked[each]
        for other in (commanded[each], programmed[each]):
            assert other.keys() == arrays.keys()
            for name, array in arrays.items():
                assert other[name].dtype == array.dtype
                assert other[name].tobytes() == array.tobytes(), (each.kind, name)


def by_link(spec, ran):
    ran.append({})
    read = links.from_link("http://somewhere/page?" + links.to_link(spec))
    engine = Engine(use_shipped=False)
    try:
        for each in getattr(read, "specs", lambda: (read,))():
            engine.run(each)
    finally:
        engine.close()


def by_command(spec, ran):
    ran.append({})
    out = {"explain": ["--out", "map.png"], "visualize": ["--out", "drawing.png"]}
    assert main([*links.to_flags(spec), *out.get(spec.kind, [])]) == 0


def by_program(spec, ran, monkeypatch):
    ran.append({})
    engine = Engine(use_shipped=False)
    monkeypatch.setattr(compute, "engine", lambda: engine)
    try:
        exec(links.to_python(spec), {})
    finally:
        engine.close()


def test_another_seed_gives_other_bytes(ran, monkeypatch):
    """Else the comparison above would prove nothing."""
    spec = NoiseSpec(model=MODEL, image="sample:treefrog", eps=0.5, draws=3, seed=3)
    by_link(spec, ran)
    by_program(replace(spec, seed=4), ran, monkeypatch)
    (first,), (second,) = (way.values() for way in ran)
    assert first["example"].tobytes() != second["example"].tobytes()
