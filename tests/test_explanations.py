"""The benchmark of explanations: resumable, honest about maps that know nothing, shipped whole."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from measured_toys import Colours, folder_of_pictures, registered
from torch.testing import assert_close
from toys import generator, normal

from advviz.cli import main
from advviz.compute import Engine
from advviz.errors import InvalidInputError
from advviz.evaluation.bootstrap import DRAWS, difference, estimated
from advviz.evaluation.explanations.metrics import BY_KEY, METRICS, NULLS
from advviz.evaluation.explanations.plan import ExplanationPlan, read_setting
from advviz.evaluation.explanations.tally import ExplanationTally, known
from advviz.evaluation.explanations.verdicts import FAILS, PASSES, UNMEASURED, UNSURE, judged
from advviz.evaluation.explanations.work import ROWS, nearest_of_another_class, prepared
from advviz.evaluation.runner import advance
from advviz.explain.alignment import cosine, spectrum_slope

TITLES = {metric.key: metric.title for metric in METRICS} | NULLS | {"m": "M", "a": "A", "b": "B"}
QUICK = {"steps": 2, "changes": 2, "neighbours": 1, "replacements": ("mean",)}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder of colours, and two classifiers of them."""
    folder = folder_of_pictures(tmp_path / "pictures", 4)
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path / "cache"))
    with registered({"standard": Colours(), "robust": Colours(5.0)}, monkeypatch):
        yield folder


def planned(folder, **changed):
    values = {"models": ("standard", "robust"), "methods": ("gradient", "input-x-gradient")}
    return ExplanationPlan(source=str(folder), **(QUICK | values | changed))


# --- intervals and alignment ----------------------------------------------------------


def test_an_interval_is_the_quantiles_of_resampled_means():
    """Seeded: twice the same; of many values, the normal interval; of constants, no width."""
    values = np.random.default_rng(3).normal(2.0, 1.5, 400)
    found = estimated([*values, np.nan])
    assert found == estimated(values)
    assert found.n == 400
    half = 1.96 * 1.5 / 20
    assert (found.low, found.high) == (
        pytest.approx(values.mean() - half, abs=0.1 * half + 0.02),
        pytest.approx(values.mean() + half, abs=0.1 * half + 0.02),
    )
    flat = estimated([0.5] * 5)
    assert (flat.low, flat.high) == (0.5, 0.5)
    assert estimated([1.0, 3.0]).low is None
    assert estimated([np.nan]) is None
    assert difference(values, values).high == 0
    assert DRAWS >= 1000


def test_the_slope_of_a_spectrum_is_that_of_its_power():
    """Noise filtered to power f^-2a has slope -2a; scale and offset do not count."""
    frequency = torch.hypot(torch.fft.fftfreq(64)[:, None], torch.fft.fftfreq(64)[None]).double()
    white = torch.randn(8, 3, 64, 64, generator=generator(1), dtype=torch.float64)
    for exponent in (0.0, 1.0, 1.5):
        shaped = torch.fft.fft2(white) * torch.where(frequency > 0, frequency, 1.0) ** -exponent
        maps = torch.fft.ifft2(shaped).real
        found = spectrum_slope(maps)
        assert float(found.mean()) == pytest.approx(-2 * exponent, abs=0.1)
        assert_close(spectrum_slope(7 * maps + 3), found)
    assert bool(spectrum_slope(torch.ones(1, 3, 16, 16)).isnan().all())


def test_the_cosine_is_one_along_and_nothing_across():
    first = normal(2, 3, 4, 4)
    assert_close(cosine(first, 5 * first), torch.ones(2, dtype=torch.float64))
    assert_close(cosine(first, -first), -torch.ones(2, dtype=torch.float64))
    assert bool(cosine(first, torch.zeros_like(first)).isnan().all())


# --- THE RULE -----------------------------------------------------------------------

FIGURES = st.lists(
    st.one_of(st.floats(-2, 2), st.just(float("nan")), st.just(0.5)), min_size=5, max_size=5
)


@given(
    st.fixed_dictionaries({name: FIGURES for name in ("a", "b", *NULLS)}),
    st.sampled_from([metric.key for metric in METRICS]),
)
def test_a_verdict_is_true_whatever_the_figures(values, key):
    """A map that knows nothing ranks first if and only if the sentence says that it fails."""
    metric = BY_KEY[key]
    found = judged(metric, "m", {name: np.array(each) for name, each in values.items()})
    means = {name: float(np.nanmean(v)) for name, v in values.items() if not np.isnan(v).all()}
    methods = [means[name] for name in ("a", "b") if name in means]
    nulls = [means[name] for name in NULLS if name in means]
    sentence = found.sentence(TITLES)
    assert "{" not in sentence
    assert found.as_dict(TITLES)["fails"] == (" fails on M" in sentence) == (found.kind == FAILS)
    if not methods or not nulls:
        assert found.kind == UNMEASURED
        return
    best = max if metric.better == "high" else min
    first = best([*methods, *nulls])
    assert (found.kind == FAILS) == (first in nulls)
    if found.kind == PASSES:
        assert found.ahead.low > 0
        assert "ranks" in sentence
    if found.kind == UNSURE:
        assert "not enough to tell" in sentence


@pytest.mark.parametrize(
    ("null", "kind"), [(0.9, FAILS), (0.8, FAILS), (0.1, PASSES)], ids=["above", "tied", "below"]
)
def test_the_edge_map_above_or_level_fails_the_measure(null, kind):
    values = {"a": np.full(6, 0.8), "edges": np.full(6, null), "constant": np.full(6, np.nan)}
    found = judged(BY_KEY["insertion"], "m", values)
    assert found.kind == kind
    assert "the edge map" in found.sentence(TITLES)


def test_a_lead_that_chance_may_have_made_is_not_called_one():
    values = {"a": np.array([1.0, -0.9, 0.2]), "random": np.zeros(3)}
    assert judged(BY_KEY["insertion"], "m", values).kind == UNSURE


# --- the run ------------------------------------------------------------------------


def test_a_stopped_run_is_resumed_and_ends_the_same(toy):
    """What is done is found again; figures do not depend on the block."""
    work = prepared(planned(toy))
    assert len(work) == 12 > ROWS
    engine = Engine(use_shipped=False)
    try:
        first = ExplanationTally(work)
        run = advance(work, engine, first)
        while first.progress[0] < 2 * ROWS:
            next(run)
        run.close()
        before = engine.counters.counts().computed
        assert known(work, engine).progress[0] >= 2 * ROWS
        second = ExplanationTally(work)
        for _ in advance(work, engine, second):
            pass
        assert second.progress[0] == second.progress[1]
        for key, values in first.values.items():
            told = np.isfinite(values)
            assert np.array_equal(values[told], second.values[key][told])
        ended = engine.counters.counts().computed
        assert ended > before
        again = known(work, engine)
        assert engine.counters.counts().computed == ended
        for key, values in second.values.items():
            assert np.array_equal(values, again.values[key], equal_nan=True)
    finally:
        engine.close()


def test_the_figures_of_a_linear_model_are_what_theory_says(toy):
    """Its gradient is one map for every picture, model and radius: sensitivity 0; the two areas
    mirror each other; a null is as good where all pixels count alike, and that is said."""
    engine = Engine(use_shipped=False)
    try:
        tally = ExplanationTally(prepared(planned(toy, models=("standard",))))
        for _ in advance(tally.work, engine, tally):
            pass
    finally:
        engine.close()
    values = tally.values
    assert np.abs(values["standard", "gradient", "sensitivity"]).max() < 1e-5
    assert np.array_equal(values["standard", "constant", "sensitivity"], np.zeros(12))
    verdict = judged(
        BY_KEY["sensitivity"],
        "m",
        {name: values["standard", name, "sensitivity"] for name in tally.work.plan.rows},
    )
    assert verdict.kind == FAILS
    assert np.isnan(values["standard", "constant", "randomization"]).all()
    assert values["standard", "edges", "random-logit"] == pytest.approx(1.0)
    assert np.abs(values["standard", "random", "random-logit"]).max() < 0.35
    # A module that was registered cannot be built anew with random weights.
    assert all(np.isnan(values["standard", name, "randomization"]).all() for name in NULLS)
    assert np.isfinite(tally.aligned["standard", "cosine"]).all()


def test_the_edge_map_stays_the_same_with_random_weights_and_the_gradient_does_not():
    """On the shipped weights, so that the measure of randomization has both ends."""
    plan = ExplanationPlan(
        source="gallery", models=("cifar10-standard",), methods=("gradient",), limit=2, **QUICK
    )
    engine = Engine(use_shipped=False)
    try:
        tally = ExplanationTally(prepared(plan))
        for _ in advance(tally.work, engine, tally):
            pass
    finally:
        engine.close()
    of = "cifar10-standard"
    assert tally.values[of, "edges", "randomization"] == pytest.approx(1.0)
    assert np.abs(tally.values[of, "gradient", "randomization"]).max() < 0.6
    assert np.abs(tally.values[of, "random", "randomization"]).max() < 0.2


def test_the_nearest_image_of_another_class_is_the_nearest(toy):
    work = prepared(planned(toy)).images
    near = nearest_of_another_class(work, "standard")
    labels = work.labels["standard"]
    assert all(labels[row] != labels[other] for row, other in enumerate(near))


# --- the command -----------------------------------------------------------------------


def test_the_command_prints_a_table_that_says_where_a_measure_fails(toy, tmp_path, capsys):
    """One JSON object; a line an image; a verdict for each model and metric."""
    words = ["explanations", "--model", "standard,robust", "--images", str(toy), "--limit", "4"]
    words += [
        "--method",
        "gradient,attention-rollout",
        "--steps",
        "2",
        "--changes",
        "2",
        "--neighbours",
        "1",
    ]
    words += ["--replacement", "mean", "--json", "--csv", str(tmp_path / "lines.csv")]
    assert main(words) == 0
    table = json.loads(capsys.readouterr().out)
    named = ["gradient", "attention-rollout", *NULLS]
    assert [row["method"] for row in table["rows"]] == named * 2
    # A method that does not take the network is a row that says so, and no figure.
    refused = [row for row in table["rows"] if row["refused"]]
    assert [row["method"] for row in refused] == ["attention-rollout"] * 2
    assert not any(figure for row in refused for figure in row["figures"].values())
    assert len(table["verdicts"]) == 2 * len(METRICS)
    assert all(isinstance(verdict["fails"], bool) for verdict in table["verdicts"])
    sensitivity = [v for v in table["verdicts"] if v["metric"] == "sensitivity"]
    assert all(v["fails"] and "knows nothing" in v["sentence"] for v in sensitivity)
    assert {figure["key"] for figure in table["alignment"]} == {"spectrum-slope", "cosine"}
    assert len(table["robust_minus_standard"]) == 5 * len(METRICS)
    lines = (tmp_path / "lines.csv").read_text().splitlines()
    assert len(lines) == 1 + 4 * 2 * 5
    assert main([*words[:-3], "--resume"]) == 0
    said = capsys.readouterr().out
    assert "Sensitivity fails on" in said


def test_what_cannot_be_measured_is_one_sentence(toy):
    for changed, complaint in (
        ({"methods": ("nothing",)}, "method must be one of"),
        ({"replacements": ("grey",)}, "replacement must be one of"),
        ({"own": (("smoothgrad", "samples", "3"),)}, "which is not measured"),
        ({"own": (("gradient", "samples", "3"),)}, "samples"),
        ({"ranked": "size"}, "ranked must be one of"),
        ({"steps": 0}, "steps must lie in"),
    ):
        with pytest.raises(InvalidInputError, match=complaint):
            planned(toy, **changed)
    with pytest.raises(InvalidInputError, match=r"METHOD\.NAME=VALUE"):
        read_setting("samples=3")
