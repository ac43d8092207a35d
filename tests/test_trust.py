"""The trust panel: what cannot know the network is flagged, and what does is not."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from measured_toys import registered
from toys import pictures as boxes
from trust_toys import constant, networks, of_edges, of_noise, of_the_picture, plant, verdicts

from advviz import pictures, resources
from advviz.cli import main
from advviz.compute import Engine
from advviz.evaluation import trust, trust_faith, trust_finding, trust_likeness
from advviz.evaluation.trust import TESTS, judged, ranked
from advviz.evaluation.trust_finding import FAILS, PASSES, UNCLEAR
from advviz.experiments.trust import TrustSpec
from advviz.explain import nulls
from advviz.explain.disorder import entropy
from advviz.models.loading import load_model
from advviz.models.records import record
from advviz.noise import Noise

QUICK = {"copies": 2, "noisy": 2, "nulls": 2, "points": 2}


@pytest.fixture
def engine(monkeypatch):
    with networks(monkeypatch) as found:
        yield found


def verdicts_by_name(found):
    return {each.name: each.verdict for each in found.findings}


# --- what is sound, and what is not ---------------------------------------------------


def test_the_gradient_of_a_network_that_looks_at_a_spot_is_not_flagged(engine):
    """Its gradient is the spot; so it beats the edges, noise, and itself elsewhere."""
    found = verdicts(engine, objective="logit")
    assert found.overall.verdict == PASSES
    assert FAILS not in verdicts_by_name(found).values()
    for name in ("contents", "answer", "randomized", "disorder", "edges", "infidelity"):
        assert found.named(name).verdict == PASSES, (name, str(found.named(name)))
    assert "seeds" not in verdicts_by_name(found), "the gradient draws nothing"
    assert "is right" in str(found.overall)
    assert not found.random


def test_an_edge_detector_is_flagged(engine, monkeypatch):
    plant(of_edges, monkeypatch)
    found = verdicts_by_name(verdicts(engine))
    for name in ("randomized", "disorder", "classes", "edges"):
        assert found[name] == FAILS, name
    assert found["contents"] == found["answer"] == PASSES


def test_a_map_that_ignores_the_weights_is_flagged(engine, monkeypatch):
    plant(of_the_picture, monkeypatch)
    judgement = verdicts(engine)
    found = verdicts_by_name(judgement)
    for name in ("randomized", "disorder", "classes"):
        assert found[name] == FAILS, name
    assert judgement.overall.verdict == FAILS


def test_a_constant_map_is_flagged_and_never_passes_a_comparison(engine, monkeypatch):
    plant(constant, monkeypatch)
    found = verdicts_by_name(verdicts(engine))
    assert found.pop("contents") == FAILS
    assert found.pop("answer") == PASSES, "that of the network, not of the map"
    assert found["insertion"] == found["deletion"] == FAILS, "equal order, equal curves"
    assert PASSES not in found.values()


def test_a_saturated_network_is_flagged(engine):
    """Its loss has no gradient; its logits have one, which is the remedy that is named."""
    loss = verdicts(engine, model="saturated", **QUICK)
    assert loss.named("contents").verdict == FAILS
    logit = verdicts(engine, model="saturated", objective="logit", **QUICK)
    assert logit.named("contents").verdict == PASSES


def test_a_method_that_draws_is_asked_for_other_seeds(engine, monkeypatch):
    sound = verdicts(engine, method="smoothgrad", samples=8, objective="logit", **QUICK)
    assert sound.named("seeds").verdict == PASSES
    plant(of_noise, monkeypatch, "smoothgrad")
    found = verdicts(engine, method="smoothgrad", samples=9, objective="logit", **QUICK)
    assert found.named("seeds").verdict == FAILS
    assert found.named("randomized").verdict != PASSES, "the same noise on every network"


def test_with_few_copies_no_rank_test_is_passed(engine):
    found = verdicts_by_name(verdicts(engine, objective="logit", **QUICK))
    for name in ("disorder", "infidelity", "insertion", "deletion"):
        assert found[name] != PASSES, name


def test_the_command_tells_every_finding(engine, tmp_path, monkeypatch, capsys):
    del engine  # the command has one of its own
    monkeypatch.chdir(tmp_path)
    words = ["trust", "sample:chelsea", "--model", "spots", "--objective", "logit"]
    few = [f"--{name}={value}" for name, value in QUICK.items()]
    assert main([*words, *few, "--npz", "trust.npz"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in (*trust.NAMES.values(),) if "seed" not in name)
    assert "◐ not enough to tell" in told
    assert main([*words, *few, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] in trust_finding.SYMBOLS
    assert {each["test"] for each in found["tests"]} == trust.NAMES.keys() - {"seeds"}
    with np.load("trust.npz") as arrays:
        assert arrays["insertion blurred"].shape == (3 + QUICK["nulls"], QUICK["points"] + 1)
        assert len(arrays["cascade"]) == 3, "the model's own, from normalize on, and all"


# --- the shipped networks -------------------------------------------------------------


@pytest.mark.slow
def test_the_map_of_a_randomized_network_is_flagged():
    """Whatever it shows was not learned: its network knows no answer."""
    spec = TrustSpec(model="tiny14-standard@random-0", image="sample:goose", **QUICK)
    assert 0 not in spec.seeds
    engine = Engine(use_shipped=False)
    try:
        found = judged(spec, engine.run(spec).facts)
    finally:
        engine.close()
    assert found.named("answer").verdict == FAILS
    assert found.overall.verdict == FAILS
    assert found.random


class Scaled(torch.nn.Module):
    def __init__(self, network: torch.nn.Module, by: float) -> None:
        super().__init__()
        self.network, self.by = network, by

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.by * self.network(images)


@pytest.mark.slow
def test_the_shipped_network_with_scaled_logits_is_flagged(monkeypatch):
    trained = record("cifar10-standard")
    toys = {"scaled": Scaled(load_model(trained.id), 1e4)}
    with registered(toys, monkeypatch, classes=trained.classes, input_size=32):
        found = {}
        for model in ("scaled", trained.id):
            spec = TrustSpec(model=model, image="sample:treefrog", **QUICK)
            engine = Engine(use_shipped=False)
            found[model] = judged(spec, engine.run(spec).facts)
            engine.close()
    assert found["scaled"].named("contents").verdict == FAILS
    assert found["scaled"].overall.verdict == FAILS
    assert found[trained.id].named("contents").verdict == PASSES


# --- the parts -------------------------------------------------------------------------


def test_entropy_is_that_of_the_histogram():
    """Two values in equal shares: one bit. Every bin equally often: log2 of the bins."""
    halves = torch.tensor([0.0, 5.0]).repeat(50).view(1, 1, 10, 10)
    even = torch.arange(100.0).view(1, 1, 10, 10)
    found = entropy(torch.cat([torch.ones(1, 1, 10, 10), halves, even]))
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, np.log2(100)], dtype=torch.float64))
    torch.testing.assert_close(entropy(even * 1e-30), entropy(even))


def test_the_edge_detector_is_the_one_that_pages_draw():
    image = boxes(1, (3, 9, 12))
    found = nulls.edges(image)[0].numpy()
    np.testing.assert_allclose(found, pictures.sobel(image[0].numpy()), atol=1e-12)


def test_a_shifted_map_has_the_same_values_far_away():
    own = torch.zeros(1, 1, 16, 16)
    own[..., 5, 7] = 1
    streams = Noise(0).streams(boxes(1, (3, 16, 16)))
    found = nulls.shifted(own, 50, streams)
    places = found[:, 0].flatten(1).argmax(1)
    moves = [(abs(int(p) // 16 - 5), abs(int(p) % 16 - 7)) for p in places]
    assert found.flatten(1).sum(1).eq(1).all()
    assert all(max(min(m, 16 - m) for m in move) >= 4 for move in moves)
    assert len(set(places.tolist())) > 30
    assert torch.equal(nulls.shifted(own, 3, streams), found[:3])


@pytest.mark.parametrize(
    ("beaten", "n", "verdict"),
    [(19, 19, PASSES), (18, 19, UNCLEAR), (6, 19, UNCLEAR), (5, 19, FAILS), (5, 5, UNCLEAR),
     (0, 2, UNCLEAR), (0, 19, FAILS), (95, 99, PASSES), (94, 99, UNCLEAR)],
)  # fmt: skip
def test_a_rank_test_passes_where_chance_would_in_one_of_twenty(beaten, n, verdict):
    assert ranked(beaten, n) == verdict


def test_a_pass_says_how_many_were_beaten():
    """Of 39 that know nothing, 38 are enough: "all" would be untrue."""
    others = [0.4] + [0.8] * 38
    high, low = [1 - other for other in others], others
    ways = {"insertion a": [0.5, 0.1, 0.1, *high], "deletion a": [0.5, 0.9, 0.9, *low]}
    better = {"insertion b": [0.7, 0.1, 0.1, *high], "deletion b": [0.3, 0.9, 0.9, *low]}
    facts = {
        "infidelity": [0.5, 0.9, 0.9, *others],
        "randomized": {"entropy": 0.5, "entropies": others},
        "curves": {"mean": ways | better},
    }
    spec = TrustSpec(model="tiny14-standard", image="sample:goose")
    for name in ("infidelity", "disorder", "insertion", "deletion"):
        found = TESTS[name](spec, facts)
        assert found.verdict == PASSES
        assert "38 of 39" in str(found)
        assert "all" not in str(found).split()


def test_an_interval_is_students():
    mean, low, high = trust_likeness.interval([0.2, 0.4, 0.6])
    assert mean == pytest.approx(0.4)
    assert (low, high) == pytest.approx((0.4 - 4.303 * 0.2 / 3**0.5, 0.4 + 4.303 * 0.2 / 3**0.5))
    assert trust_likeness.interval([0.9]) == (0.9, -1.0, 1.0), "of one value nothing is known"


def test_a_map_that_does_not_repeat_itself_is_not_praised_for_being_different():
    spec = TrustSpec(model="tiny14-standard", image="sample:goose")
    facts = {"averaged": {"rank": [0.0, 0.1, 0.05]}, "itself": {"rank": [0.2]}}
    found = trust_likeness.randomized(spec, {"randomized": facts})
    assert found.verdict == UNCLEAR
    assert "0.33" in str(found), "Spearman and Brown: 2 · 0.2 / 1.2"
    steady = facts | {"itself": {"rank": [0.6]}}
    assert trust_likeness.randomized(spec, {"randomized": steady}).verdict == PASSES


def test_the_judged_map_and_the_panel_are_two_results():
    spec = TrustSpec(model="tiny14-standard", image="sample:goose", explained="bird")
    assert spec.judged.kind == "explain"
    assert spec.judged == replace(spec, copies=3).judged
    assert spec.resolved() != replace(spec, copies=3).resolved()
    models = [each.model for each in spec.averages()]
    assert models[0] == "tiny14-standard"
    assert models[1].endswith("@random-0-from-flatten")
    assert models[6:] == [f"tiny14-standard@random-{seed}" for seed in range(5)]
    assert [each.model for each in spec.plain()][-1] == "tiny14-standard@random-18"


def test_every_sentence_is_translated():
    path = resources.assets() / "translations" / "zh-CN" / "trust.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    constants = [
        value
        for module in (trust, trust_likeness, trust_faith)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str | dict)
    ]
    assert set(_sentences(constants)) <= known.keys()


def _sentences(values):
    for value in values:
        if isinstance(value, str) and " " in value:
            yield value
        elif isinstance(value, dict):
            yield from _sentences(value.values())
