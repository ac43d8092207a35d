"""An evaluation of many cells: its plan, its figures, killing and resuming it, its report."""

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from command_line import ROBUST, STANDARD, complaint, process
from measured_toys import Colours, folder_of_pictures, registered
from PIL import Image

from advviz.cli import main
from advviz.cli.entry import parse
from advviz.cli.evaluation_words import plan_of
from advviz.compute import Engine
from advviz.compute.disk import DiskCache
from advviz.errors import AdvvizError, InvalidInputError
from advviz.evaluation import Share, charts, figures
from advviz.evaluation.plan import FULL, Budget, Cell, Plan
from advviz.evaluation.repeat import command
from advviz.evaluation.report import as_csv, html
from advviz.evaluation.runner import OwnResults, advance, known, measured
from advviz.evaluation.sources import listed, read
from advviz.evaluation.statement import stated
from advviz.evaluation.summary import per_image, summarized
from advviz.evaluation.tally import Tally
from advviz.evaluation.work import ROWS, Work, prepared
from advviz.models.records import record

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ONE, TWO = "standard-colours", "robust-colours"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of_pictures(tmp_path_factory.mktemp("pictures") / "all")


@pytest.fixture(scope="module", autouse=True)
def models() -> Iterator[None]:
    """Two linear models of one vocabulary, of which one is the surer."""
    with registered({ONE: Colours(), TWO: Colours(5.0)}, pytest.MonkeyPatch()):
        yield


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return Plan(
        source=str(folder),
        models=(ONE, TWO),
        attacks=("pgd", "fgsm"),
        budgets=(Budget("linf", 0.03), Budget("linf", 0.06), Budget("linf", 0.09)),
        shared=(("steps", 5),),
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    cache = DiskCache(tmp_path_factory.mktemp("cache"))
    engine = Engine(use_shipped=False, disk=cache)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def work(plan: Plan) -> Work:
    return prepared(plan)


@pytest.fixture(scope="module")
def tally(work: Work, engine: Engine) -> Tally:
    return measured(work, engine)


# --- figures: theorems -----------------------------------------------------------------


def distances(folder: Path, work: Work) -> np.ndarray:
    """The smallest L-inf change of each picture that moves its mean colour to another's."""
    found = []
    for name, label in zip(work.names, work.labels[ONE], strict=True):
        means = read(str(folder), name, 16).astype(np.float64).mean((1, 2))
        found.append((means[label] - np.delete(means, label).max()) / 2)
    return np.array(found)


def test_each_figure_is_the_closed_form(folder: Path, work: Work, tally: Tally):
    """A linear model falls exactly where eps is more than half the gap of two mean colours."""
    needed = distances(folder, work)
    assert len(needed) == 36 > ROWS  # more than one block
    for model in (ONE, TWO):
        assert figures.clean(tally, model) == Share(int((needed > 0).sum()), 36)
        for budget in tally.work.plan.budgets:
            holds = Share(int((needed > budget.eps).sum()), 36)
            assert 0 < holds.successes < 36
            for attack in ("pgd", "fgsm"):
                assert figures.accuracy(tally, model, attack, budget) == holds
            assert figures.worst(tally, model, budget).share == holds


def test_the_worst_case_is_no_better_than_any_attack_and_falls_with_eps(tally: Tally):
    worst = [figures.worst(tally, ONE, budget) for budget in tally.work.plan.budgets]
    for smaller, larger in pairwise(worst):
        assert not (larger.survived & ~smaller.survived).any()


def test_what_falls_at_a_smaller_eps_counts_as_fallen_at_a_larger_one(tally: Tally):
    small, large = (Cell(ONE, "pgd", budget) for budget in tally.work.plan.budgets[:2])
    row = int(np.flatnonzero(tally.cells[small].fooled)[0])
    before = bool(tally.cells[large].fooled[row])
    tally.cells[large].fooled[row] = False
    tally.cells[replace(large, attack="fgsm")].fooled[row] = False
    try:
        assert not figures.worst(tally, ONE, large.budget).survived[row]
        assert figures.judged(tally, ONE, "pgd", large.budget).survived[row]
    finally:
        tally.cells[large].fooled[row] = before
        tally.cells[replace(large, attack="fgsm")].fooled[row] = before


def test_the_smallest_eps_is_that_of_the_grid(folder: Path, work: Work, tally: Tally):
    needed = distances(folder, work)
    radii = np.array(tally.work.plan.radii("linf"))
    expected = [min(radii[radii > d], default=np.inf) for d in needed if d > 0]
    found = figures.smallest_eps(tally, ONE, "linf")
    assert found.values.tolist() == sorted(expected)
    assert not found.searched
    assert found.curve()[1][-1] == np.isfinite(expected).mean()


def test_strength_and_effect_are_of_the_attacked_images(tally: Tally):
    for effect in figures.effects(tally, ONE, "linf"):
        assert (effect.distance <= effect.budget.eps).all()
        assert ((effect.change >= 0) & (effect.change <= 1)).all()
        assert len(effect.rows) == figures.clean(tally, ONE).successes


def test_classes_add_up_and_the_images_behind_a_point_are_all_of_them(tally: Tally):
    budget = tally.work.plan.budgets[1]
    lines = figures.per_class(tally, ONE, budget)
    assert [line.name for line in lines] == ["red", "green", "blue"]
    assert sum(line.robust.successes for line in lines) == (
        figures.worst(tally, ONE, budget).share.successes
    )
    behind = figures.behind(tally, ONE, None, budget)
    assert sorted(sum(behind.values(), ())) == list(range(36))


def test_images_transfer_between_models_that_agree(tally: Tally):
    """Both models order the classes alike: what fools one fools the other."""
    cell = figures.full_cell(tally, ONE)
    assert cell is not None
    assert cell.variant == FULL
    own = figures.transfer(tally, ONE, ONE)
    assert own == figures.transfer(tally, ONE, TWO)
    assert 0 < own.successes < own.n


def test_attacks_that_search_the_smallest_change_find_it(folder: Path, engine: Engine):
    """Run once, judged at every eps; in L2 the closed form is half the gap over the weights."""
    plan = Plan(
        source=str(folder),
        models=(ONE,),
        attacks=("min-norm", "pgd"),
        budgets=(Budget("l2", 0.8), Budget("l2", 1.6)),
        shared=(("steps", 20),),
        checks="free",
        limit=12,
    )
    work = prepared(plan)
    assert sum(cell.attack == "min-norm" for cell in plan.cells(ONE)) == 1
    tally = measured(work, engine)
    needed = np.sort(distances(folder, work)) * np.sqrt(2) * 16
    found = figures.smallest_eps(tally, ONE, "l2")
    assert found.searched
    assert (found.values >= needed * (1 - 1e-6)).all()
    assert (found.values <= needed * 1.02).all()
    assert needed[5] <= found.median <= needed[5] * 1.02
    for budget in plan.budgets:
        share = figures.accuracy(tally, ONE, "min-norm", budget)
        assert share == Share(int((needed > budget.eps).sum()), 12)
        assert 0 < share.successes < 12


def test_questions_are_counted_where_an_attack_counts_them(folder: Path, engine: Engine):
    plan = Plan(
        source=str(folder),
        models=(ONE,),
        attacks=("square", "apgd-ce"),
        budgets=(Budget("linf", 0.06),),
        own=(("square", "queries", 60), ("apgd-ce", "steps", 10)),
        limit=6,
    )
    said = summarized(measured(prepared(plan), engine))
    by_name = {each["name"]: each for each in said["attacks"]}
    assert 0 < by_name["square"]["queries"]["mean"] <= 60
    assert "queries" not in by_name["apgd-ce"]
    assert said["worst_case"]["attacks"] == ["square", "apgd-ce"]
    assert "black box" in said["plan"]["attacks"]
    assert {flag["name"] for flag in said["red_flags"]} == set()


# --- plans -----------------------------------------------------------------------------


def test_a_plan_says_what_it_will_do(work: Work):
    said = stated(work)
    assert list(said) == ["goal", "data", "threat model", "attacks", "budget"]
    assert "36 images" in said["data"]
    assert "L∞ 7.65/255" in said["threat model"]
    assert "steps 5" in said["attacks"]
    assert "2 x models, 2 x attacks, 3 x eps" in said["budget"]


def test_the_command_of_a_plan_is_the_plan(plan: Plan):
    varied = replace(
        plan,
        budgets=(Budget("l2", 0.5), Budget("linf", 8 / 255)),
        own=(("pgd", "restarts", 2),),
        shared=(("steps", 7), ("random_start", True)),
        limit=9,
        seed=3,
        checks="free",
    )
    for each in (plan, varied):
        words = command(each).split()[1:]
        assert plan_of(parse(words)) == each


def test_models_are_given_by_space_comma_or_again():
    for words in (f"--model {ONE} {TWO}", f"--model {ONE},{TWO}", f"--model {ONE} --model {TWO}"):
        args = parse(["evaluate", "--images", ".", *words.split(), "--eps", "1,2/4"])
        found = plan_of(args)
        assert found.models == (ONE, TWO)
        assert found.budgets == (Budget("l2", 1.0), Budget("l2", 0.5))
        assert found.checks == "all"


@pytest.mark.parametrize(
    "change",
    [
        {"models": ()},
        {"models": (ONE, ONE)},
        {"budgets": ()},
        {"budgets": (Budget("l2", -1.0),)},
        {"budgets": (Budget("l2", float("nan")),)},
        {"own": (("pgd", "stepz", 1),)},
        {"checks": "some"},
    ],
)
def test_a_plan_refuses(plan: Plan, change: dict[str, object]):
    with pytest.raises(InvalidInputError):
        replace(plan, **change)


# --- kept, killed, resumed -------------------------------------------------------------

KILLED = """
import sys
sys.path.insert(0, {tests!r})
import pytest
from measured_toys import Colours, registered
from advviz.cli import main
Colours.delay = 0.02
with registered({{{one!r}: Colours(), {two!r}: Colours(5.0)}}, pytest.MonkeyPatch()):
    main({words!r})
"""


def kept(cache: Path) -> int:
    return len(list(cache.glob("??/*.safetensors")))


@pytest.mark.slow
def test_killed_half_way_and_resumed_it_gives_the_same_figures(
    plan: Plan,
    work: Work,
    tally: Tally,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """kill -9 loses no more than the piece in work; the rest is not measured again."""
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path))
    words = [*command(plan).split()[1:], "--json"]
    total = sum(1 for _ in work.pieces())
    tests = str(Path(__file__).parent)
    script = KILLED.format(tests=tests, one=ONE, two=TWO, words=words)
    with process("-c", script, cwd=tmp_path) as killed:
        while kept(tmp_path) < total // 2:
            assert killed.poll() is None, killed.communicate()
            time.sleep(0.01)
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
    half = kept(tmp_path)
    assert total // 2 <= half < total
    engine = Engine(use_shipped=False, disk=DiskCache(tmp_path))
    try:
        resumed = measured(work, engine)
        assert engine.counters.counts().computed == total - half
    finally:
        engine.close()
    assert summarized(resumed) == summarized(tally)
    assert main([*words, "--resume"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(summarized(tally)))


def test_without_resume_it_is_measured_anew_and_kept(plan: Plan, tmp_path: Path):
    small = prepared(replace(plan, models=(ONE,), attacks=("fgsm",), limit=4, checks="free"))
    for expected in (OwnResults, OwnResults, DiskCache):
        engine = Engine(use_shipped=False, disk=expected(tmp_path))
        try:
            before = known(small, engine).probes[ONE].done.any()
            measured(small, engine)
            computed = engine.counters.counts().computed
        finally:
            engine.close()
        assert bool(before) == (expected is DiskCache)
        assert (computed > 0) == (expected is OwnResults)


def test_whoever_stops_asking_stops_the_work(work: Work):
    engine = Engine(use_shipped=False)
    try:
        tally = Tally(work)
        for progress in advance(work, engine, tally):
            if progress.done == 3:
                break
        done = sum(cell.done.any() for cell in tally.cells.values())
        assert 0 < done < len(tally.cells)
        assert summarized(tally)["results"][0]["n"] == 36  # figures of what there is
    finally:
        engine.close()


def test_a_picture_that_changes_meanwhile_is_said(plan: Plan, tmp_path: Path):
    folder = folder_of_pictures(tmp_path / "moving", 1)
    work = prepared(replace(plan, source=str(folder), models=(ONE,), checks="free"))
    Image.new("RGB", (16, 16)).save(folder / "red" / "00.png")
    engine = Engine(use_shipped=False)
    try:
        with pytest.raises(AdvvizError, match="has changed while"):
            measured(work, engine)
    finally:
        engine.close()


# --- report ----------------------------------------------------------------------------


def test_the_report_holds_everything_and_asks_for_nothing(tally: Tally, engine: Engine):
    from advviz.evaluation.examples import examples

    pictures = examples(tally, engine.peek)
    assert {example.model for example in pictures} == {ONE, TWO}
    text = html(tally, pictures)
    library, rest = text.split("</script>", 1)
    assert "Plotly" in library
    for word in ("src='http", 'src="http', "href='http", "@import", "url(", "<link"):
        assert word not in rest
    for said in ("Red flags", "Repeat it", command(tally.work.plan).split(" --")[1]):
        assert said in rest
    assert rest.count("data:image/png;base64,") == 3 * len(pictures)
    for model in (ONE, TWO):
        assert record(model).title in rest
    assert "AutoAttack" not in rest  # attacks are called by their own names


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_opens_without_a_network(
    browser: "Browser", tally: Tally, engine: Engine, tmp_path: Path, scheme: Any
):
    """Charts are drawn, nothing is asked for, and a click lists the images behind a point."""
    from advviz.evaluation.examples import examples

    path = tmp_path / "report.html"
    path.write_text(html(tally, examples(tally, engine.peek)), encoding="utf-8")
    context = browser.new_context(
        offline=True, color_scheme=scheme, viewport={"width": 1280, "height": 900}
    )
    tab = context.new_page()
    tab.set_default_timeout(300_000)
    asked: list[str] = []
    faults: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(path.as_uri())
    count = tab.locator(".chart").count()
    tab.wait_for_function(f"document.querySelectorAll('.chart .main-svg').length >= {count}")
    assert count == 4
    tab.wait_for_function(  # clicked until the chart listens
        """() => {
            const chart = document.querySelector(".chart"), last = chart.data.length - 1;
            const customdata = chart.data[last].customdata[1];
            chart.emit("plotly_click", {points: [{customdata}]});
            return document.querySelector(".behind").innerText.includes("held");
        }"""
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    if shots := os.environ.get("ADVVIZ_SHOTS"):
        tab.screenshot(path=Path(shots) / f"report-{scheme}.png", full_page=True)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert faults == []
    context.close()


def test_the_lines_of_the_table_are_the_figures(tally: Tally):
    lines = per_image(tally)
    budget = tally.work.plan.budgets[1]
    mine = [
        line
        for line in lines
        if (line["model"], line["attack"], line["eps"]) == (ONE, "pgd", budget.eps)
    ]
    assert len(mine) == 36
    survived = sum(line["right"] and not line["fooled"] for line in mine)
    assert survived == figures.accuracy(tally, ONE, "pgd", budget).successes
    text = as_csv(tally)
    assert text.count("\n") == len(lines) + 1


def test_standard_is_dashed_and_open_and_robust_is_solid(tally: Tally):
    chart = charts.accuracy_over_eps(tally, "linf")
    worst = {trace["legendgroup"]: trace for trace in chart["data"][-2:]}
    assert worst[ONE]["line"]["dash"] == "dash"
    assert worst[ONE]["marker"]["symbol"] == "circle-open"
    assert worst[TWO]["line"]["dash"] == "solid"
    assert worst[ONE]["line"]["color"] != worst[TWO]["line"]["color"]
    assert worst[ONE]["x"] == pytest.approx([0, 7.65, 15.3, 22.95])
    assert not charts.is_empty(chart)
    json.dumps([chart, charts.smallest_eps(tally, "linf"), charts.transfer_matrix(tally)])


# --- sources ---------------------------------------------------------------------------


def test_the_gallery_is_a_source():
    found = listed("gallery", [record(STANDARD), record(ROBUST)])
    assert found.names
    assert all(name.startswith("sample:") for name in found.names)
    assert found.labels[STANDARD] == found.labels[ROBUST]
    assert read("gallery", found.names[0], 64).shape == (3, 64, 64)


def test_a_data_set_of_torchvision_is_a_source(tmp_path: Path):
    picture = Image.new("RGB", (40, 30), (200, 10, 10))
    for name in ("n02102040", "n03000684"):
        place = tmp_path / "imagenette2" / "val" / name
        place.mkdir(parents=True)
        picture.save(place / "a.JPEG")
    described = replace(record(ONE), wordnet_ids={"red": ("n02102040",)}, origin=None)
    source = f"torchvision:Imagenette:{tmp_path}"
    found = listed(source, [described])
    assert found.labels[ONE] == (0,)
    assert found.skipped == ("n03000684",)
    pixels = read(source, found.names[0], 16)
    assert pixels.shape == (3, 16, 16)
    assert pixels.dtype == np.float32


def test_models_that_share_no_class_are_not_measured_together(folder: Path):
    stranger = replace(record(ONE), id="stranger", classes=("green", "x"))
    found = listed(str(folder), [record(ONE), stranger])
    assert set(found.groups) == {"green"}
    assert (set(found.labels[ONE]), set(found.labels["stranger"])) == ({1}, {0})
    assert found.skipped == ("blue", "red")


# --- the command -----------------------------------------------------------------------


def test_one_model_and_attack_print_what_they_always_did(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path))
    words = f"evaluate --model {ONE} --images {folder} --norm linf --eps 0.06 --steps 5"
    assert main([*words.split(), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    said = json.loads(printed.out)
    wanted = ["model", "n", "clean_accuracy", "robust_accuracy", "attack", "skipped"]
    assert [name for name in said if name in wanted] == wanted
    assert said["worst_case"]["value"] == said["robust_accuracy"]["value"]
    assert said["red_flags"] == []
    assert "still rising" in said["not_checked"]
    assert said["attack"]["step_size"] == 2.5 * 0.06 / 5


def test_a_report_is_written_whole_or_not_at_all(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out" / "r.html"
    words = f"evaluate --model {ONE} {TWO} --images {folder} --eps 0.3,1 --steps 3 --limit 6"
    assert main([*words.split(), "--attack", "fgsm,pgd", "--report", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.index("goal") < said.index("clean accuracy")
    assert sorted(path.name for path in out.parent.iterdir()) == ["r.csv", "r.html", "r.json"]
    assert json.loads(out.with_suffix(".json").read_text())["models"] == [ONE, TWO]
    assert "must end in .html" in complaint(capsys, *words.split(), "--report", "r.pdf")
