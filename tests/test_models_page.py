"""The page of the models: what it says of each, having one here, and choosing a pair."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from engine_toys import until
from fake_engine import FakeEngine, made_up
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.compute import State, fetching
from advviz.compute.fetching import Fetcher
from advviz.data import images
from advviz.errors import InvalidInputError, WeightsError
from advviz.experiments.result import Result
from advviz.experiments.specs import PredictSpec
from advviz.models import shelf, uploaded
from advviz.models.own import OwnModels
from advviz.models.records import bundled, catalogue, record
from advviz.models.uploaded import Uploads
from advviz.protocol import run
from advviz.ui import (
    components,
    figures,
    model_cards,
    model_choice,
    model_shelf,
    model_uploads,
    pairs,
    permalinks,
    running,
    smoke_test,
)
from advviz.ui import setup as setups
from advviz.ui.smoke_test import Outcome

RUNG = "imagenet-resnet18-l2-0.5"
ARM = "imagenet-resnet18-l2-0"
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for fetched models where there are none."""
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path))


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetcher]:
    """A fetcher and a checker of this test's own."""
    made, checks = Fetcher(), Fetcher()
    monkeypatch.setattr(fetching, "_fetcher", made)
    monkeypatch.setattr(fetching, "_checker", checks)
    yield made
    made.close()
    checks.close()


class Download:
    """Stands for the network: it tells of progress until it is let go, then keeps a model."""

    def __init__(self, fails: str | None = None) -> None:
        self.begun, self.go, self.fails = threading.Event(), threading.Event(), fails

    def __call__(self, described, report) -> Path:
        self.begun.set()
        while not self.go.wait(0.005):
            report(30 * 2**20, 90 * 2**20)
        if self.fails:
            raise WeightsError(self.fails)
        return have(described.id)


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> Iterator[Download]:
    made = Download()
    monkeypatch.setattr(model_shelf.fetching, "fetch", made)
    yield made
    made.go.set()


def have(model: str) -> Path:
    """Put a file where the loader looks for a fetched model; nobody loads it here."""
    import torch

    return shelf.keep(record(model), {"weight": torch.zeros(4)}, "0" * 64)


def opened(model: str | None = None) -> AppTest:
    """A fresh session on the page, with a model's card."""
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / "models.py"))
    if model is not None:
        described = record(model)
        at.session_state[model_choice._FAMILY] = model_cards.family_of(described)
        at.session_state[model_choice._ARCHITECTURE] = described.architecture
        at.session_state[model_choice._MODEL] = model
    return at.run()


def told(at: AppTest) -> str:
    assert not at.exception, at.exception
    return " ".join(element.proto.body for element in at.get("html"))


def buttons(at: AppTest) -> set[str]:
    return {button.key for button in at.button if button.key}


# --- cards ------------------------------------------------------------------------


def test_every_model_of_the_catalogue_is_in_one_family_and_has_a_card():
    shown = [each.id for family in model_cards.FAMILIES for each in model_cards.members(family)]
    assert sorted(shown) == sorted(catalogue())
    for described in catalogue().values():
        card = model_cards.card(described)
        for words in (described.architecture, described.licence, f"{described.input_size} × "):
            assert words in card, described.id


def test_a_card_says_what_a_model_was_trained_against_and_never_calls_augmented_robust():
    assert "L2 0.5" in model_cards.trained(record(RUNG))
    assert "L∞ 4/255" in model_cards.trained(record("imagenet-resnet50-linf-4"))
    assert model_cards.trained(record(ARM)).startswith("standard")
    for described in model_cards.members("imagenet-augmented"):
        assert "not robust" in model_cards.trained(described)
        assert "○" in model_cards.line(described)


def test_a_digest_is_published_begun_or_recorded_at_first_use():
    known = record("imagenet-resnet50-linf-4")
    assert model_cards.digest(known) == known.sha256
    assert model_cards.digest(record(RUNG)) == "recorded at first use"
    assert model_cards.digest(record("imagenet-resnet18-v1")).startswith("f37072fd…")
    assert len(model_cards.digest(record("tiny14-standard"))) == 64


def test_accuracies_name_where_they_are_from():
    shown = model_cards.card(record("imagenet-resnet50-linf-4"))
    assert "<b>63.86%</b> clean (README of microsoft/robust-models-transfer" in shown
    assert "(RobustBench" in shown
    own = model_cards.card(record("tiny14-robust-l2"))
    assert "under PGD-50 with 5 searches, L2 0.5 (n = 225)" in own


@pytest.mark.usefixtures("engine")
def test_many_rungs_are_grouped_by_architecture_and_one_is_shown():
    at = opened(RUNG)
    assert len(at.radio[0].options) == 15
    assert told(at).count('class="av-card') == 1
    at.button_group(key="av.models.architecture").set_value("torchvision:resnet50").run()
    assert "torchvision:resnet50" in told(at)


@pytest.mark.usefixtures("engine")
def test_a_broken_model_of_ones_own_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    said = MappingProxyType({"a.toml": "a.toml cannot be used: it lacks the field mean"})
    monkeypatch.setattr(model_choice, "own_models", lambda: OwnModels(MappingProxyType({}), said))
    at = opened()
    assert not at.warning
    at.button_group(key="av.models.family").set_value("yours").run()
    assert len(at.warning) == 1
    assert "lacks the field mean" in at.warning[0].value


# --- having a model here -----------------------------------------------------------


def test_a_download_is_consented_to_watched_by_all_and_tested_for_who_began_it(
    engine: FakeEngine, fetches: Fetcher, download: Download
):
    mine, other = opened(RUNG), opened(RUNG)
    assert any("89.3 MiB from huggingface.co" in caption.value for caption in mine.caption)
    assert not fetches.all(), "nothing starts by itself"
    mine.button(key="av.shelf.fetch").click().run()
    assert download.begun.wait(PATIENCE)
    until(lambda: fetches.all()[0].share)
    mine.run()
    other.run()
    for at in (mine, other):
        assert "30 MiB of 90 MiB downloaded" in told(at)
        assert "width:33%" in told(at)
    assert "av.shelf.stop" in buttons(mine)
    assert not {"av.shelf.stop", "av.shelf.remove"} & buttons(other)
    download.go.set()
    assert fetches.wait(fetches.all()[0], PATIENCE)
    engine.asked.clear()
    other.run()
    assert not engine.asked
    mine.run()
    assert {spec.model for spec in engine.asked} == {RUNG}
    assert "Measured here on the bundled samples: 17 of 17" in told(mine)
    assert "on this machine" in told(other)


@pytest.mark.usefixtures("engine")
def test_only_who_began_a_download_stops_it(fetches: Fetcher, download: Download):
    mine = opened(RUNG)
    mine.button(key="av.shelf.fetch").click().run()
    assert download.begun.wait(PATIENCE)
    assert not fetches.cancel(f"model:{RUNG}", "somebody else")
    mine.run().button(key="av.shelf.stop").click().run()
    fetch = fetches.all()[0]
    assert fetches.wait(fetch, PATIENCE)
    assert fetch.state is State.CANCELLED
    mine.run()
    assert "goes on there" in mine.info[0].value
    assert "av.shelf.fetch" in buttons(mine)


@pytest.mark.usefixtures("engine")
def test_a_download_that_fails_is_one_sentence_and_can_be_tried_again(
    fetches: Fetcher, download: Download
):
    download.fails = "there is no network; connect, and try again"
    download.go.set()
    at = opened(RUNG)
    at.button(key="av.shelf.fetch").click().run()
    assert fetches.wait(fetches.all()[0], PATIENCE)
    at.run()
    assert [error.value for error in at.error] == ["there is no network; connect, and try again"]
    assert "av.shelf.fetch" in buttons(at)


@pytest.mark.usefixtures("engine")
def test_nobody_removes_what_another_downloads(fetches: Fetcher, download: Download):
    """Its file is here from before; somebody downloads it anew while the button still stands."""
    have(RUNG)
    at = opened(RUNG)
    fetches.start(f"model:{RUNG}", lambda report: download(record(RUNG), report), "another")
    assert download.begun.wait(PATIENCE)
    at.button(key="av.shelf.remove").click().run()
    assert "was not removed" in at.warning[0].value
    assert shelf.is_on_disk(record(RUNG))


def test_while_a_key_is_held_nothing_is_downloaded(fetches: Fetcher):
    begun = threading.Event()
    with fetches.held("k", "a") as free:
        assert free
        with fetches.held("k", "b") as too:
            assert not too
        met = fetches.start("k", lambda _report: begun.set(), "b")
    assert met.state is State.CANCELLED
    assert not begun.is_set()
    assert fetches.wait(fetches.start("k", lambda _report: begun.set(), "b"), PATIENCE)
    assert begun.is_set()


@pytest.mark.usefixtures("engine", "fetches")
def test_a_removed_model_leaves_the_set_up():
    chosen, other = "imagenet-resnet18-v1", "imagenet-resnet50-v1"
    for model in (chosen, other):
        have(model)
    at = opened(chosen)
    at.button(key="av.pair.use").click().run()
    assert chosen in at.session_state["av.setup"].models
    at.button(key="av.shelf.remove").click().run()
    assert not shelf.is_on_disk(record(chosen))
    assert at.session_state["av.setup"].board.robust in bundled()
    assert not at.error


def test_the_hubs_cache_is_known_to_a_process_that_has_not_downloaded_yet():
    """To remove is then the first that is asked of the client, which loads its parts late."""
    script = "from advviz.models import hub; hub.client().constants.HF_HUB_CACHE"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.usefixtures("engine", "fetches")
def test_what_ships_cannot_be_removed():
    at = opened("tiny14-standard")
    assert "av.shelf.verify" in buttons(at)
    assert not {"av.shelf.remove", "av.shelf.fetch"} & buttons(at)
    at.button(key="av.shelf.verify").click().run()
    assert "is whole" in at.warning[0].value


@pytest.mark.usefixtures("engine", "fetches")
def test_a_damaged_file_is_noticed():
    path = have(RUNG)
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    at = opened(RUNG)
    at.button(key="av.shelf.verify").click().run()
    assert "is damaged" in at.warning[0].value


# --- the smoke test ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "n", "classes", "words"),
    [
        (0, 23, 1000, "does not classify; do not trust it"),
        (1, 23, 1000, "does not classify; do not trust it"),
        (3, 23, 1000, "Fewer than half"),
        (12, 23, 1000, "classifies sensibly"),
        (4, 22, 14, "does not classify; do not trust it"),
        (9, 22, 14, "Fewer than half"),
        (22, 22, 14, "classifies sensibly"),
    ],
)
def test_an_outcome_is_judged_by_half_and_by_chance(right: int, n: int, classes: int, words: str):
    assert words in Outcome(right, n, classes).told


def test_a_model_that_says_one_thing_of_everything_is_not_trusted():
    described = record(RUNG)
    same = np.zeros(1000, np.float32)
    same[described.class_index("jeep")] = 9.0
    answer = Result.of({"pixels": np.zeros((3, 8, 8), np.float32), "logits": same}, {})
    finds = {spec: running.Shown(answer, "") for spec in smoke_test.specs(described)}
    shown = smoke_test.draw(described, finds)
    assert "2 of 17." in shown, "both jeeps"
    finds.pop(next(iter(finds)))
    assert "asked about 16 of 17" in smoke_test.draw(described, finds)


def test_to_look_at_a_large_model_asks_it_nothing(engine: FakeEngine, fetches: Fetcher):
    have(RUNG)
    at = opened(RUNG)
    assert not fetches.all()
    assert not engine.asked
    at.button(key="av.models.ask").click().run()
    assert {type(spec) for spec in engine.asked} == {PredictSpec}


# --- a pair ----------------------------------------------------------------------------


def test_a_pair_keeps_the_picture_and_finds_the_target_a_name_or_the_next_class():
    start = setups.default()
    pair = start.with_board(target="goldfish").with_pair(ARM, RUNG)
    assert (pair.board.target, pair.board.image) == ("goldfish", start.board.image)
    assert (pair.model, pair.visualize.model, pair.size) == (ARM, RUNG, 224)
    assert pair.visualize.unit == "class:goldfish"
    bus = start.with_board(target="bus").with_pair(ARM, RUNG).board.target
    assert bus in record(ARM).classes, "by a WordNet id of the old class"
    away = replace(start, board=replace(start.board, target="cat", image="sample:chelsea"))
    assert away.with_pair(ARM, RUNG).board.target != away.with_pair(ARM, RUNG).true_class
    back = pair.with_board(target="tench").with_pair("tiny14-standard", "tiny14-robust-l2")
    known = record("tiny14-standard").classes
    assert back.board.target == known[(known.index(str(back.true_class)) + 1) % len(known)]
    any_class = start.with_board(target="any").with_pair(ARM, RUNG)
    assert any_class.board.target == "any"


def test_models_that_know_other_classes_are_no_pair():
    with pytest.raises(InvalidInputError, match=r"knows 14 classes.* knows 1000"):
        setups.default().with_pair("tiny14-standard", RUNG)


@pytest.mark.usefixtures("engine")
def test_partners_are_here_and_comparable_and_the_recipe_is_said():
    have(RUNG)
    at = opened(RUNG)
    assert "av.pair.use" not in buttons(at)
    have("imagenet-resnet50-v1")
    have(ARM)
    assert [other.id for other in pairs.partners(record(RUNG))] == [ARM, "imagenet-resnet50-v1"]
    at.run()
    options = at.selectbox(key=f"av.pair.partner.{RUNG}").options
    assert "another recipe" not in options[0]
    assert "another recipe" in options[1]


def test_a_used_pair_is_what_the_other_pages_ask_about(engine: FakeEngine):
    for model in (ARM, RUNG):
        have(model)
    at = opened(RUNG)
    at.button(key="av.pair.use").click().run()
    assert "All pages show this pair now" in at.success[0].value
    engine.asked.clear()
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not at.exception
    assert {spec.model for spec in engine.attacks()} == {ARM, RUNG}
    assert "ResNet-18, robust, L2 eps 0.5" in told(at)


@pytest.mark.parametrize("kind", ["attack", "explain", "visualize"])
@pytest.mark.parametrize("here", [(), (ARM,)], ids=["alone", "with its standard arm"])
def test_a_link_to_a_model_of_another_pair_brings_a_pair(
    engine: FakeEngine, kind: str, here: tuple[str, ...]
):
    """Picture, target and classes are then those of the model in the link."""
    for model in here:
        have(model)
    first = setups.default().with_pair(ARM, RUNG)
    first = replace(first, model=RUNG)
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    pages = {
        "attack": "attack.py",
        "explain": "saliency.py",
        "visualize": "feature_visualization.py",
    }
    at.switch_page(str(resources.pages() / pages[kind]))
    for name, value in permalinks.to_query(first, kind, ()).items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert at.session_state["av.setup"].models == ((ARM, RUNG) if here else (RUNG, RUNG))
    assert {spec.model for spec in engine.asked} <= {ARM, RUNG}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("page", "key"), [("compare.py", "av.rows"), ("attack.py", "av.model")])
def test_the_last_model_of_a_page_leads_to_all_the_others(page: str, key: str):
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / page)).run()
    before = at.session_state["av.setup"]
    chosen = at.selectbox(key=key)
    chosen.set_value("other models").run()
    assert 'class="av-card' in told(at)
    assert at.session_state["av.setup"] == before


# --- uploads ---------------------------------------------------------------------------


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], AppTest]:
    store = Uploads()
    monkeypatch.setattr(uploaded, "_uploads", store)

    def bring(data: bytes) -> AppTest:
        at = opened()
        at.session_state["av.models.bring"] = True
        at.run()
        like = next(iter(model_uploads.kinds()))
        at.selectbox(key="av.models.like").set_value(like)
        at.file_uploader[0].upload("a.safetensors", data, "application/octet-stream").run()
        open_ones = [fetch for fetch in fetching.checker().all() if not fetch.state.is_final]
        for fetch in open_ones:
            fetching.checker().wait(fetch, PATIENCE)
        return at if at.warning else at.run()

    return bring


@pytest.mark.usefixtures("fetches")
def test_an_uploaded_model_is_checked_tested_and_can_stand_in_a_pair(engine: FakeEngine, brought):
    at = brought(record("tiny14-standard").weights.read_bytes())
    assert not at.warning
    shown = told(at)
    assert "not known: a file says nothing" in shown
    assert "Measured here on the bundled samples" in shown
    model = at.session_state[model_choice._MODEL]
    assert model.startswith("upload:")
    at.button(key="av.pair.use").click().run()
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not at.exception
    assert model in {spec.model for spec in engine.attacks()}
    other = opened()
    other.button_group(key="av.models.family").set_value("yours").run()
    assert model[:20] not in told(other), "another session does not see it"


@pytest.mark.usefixtures("engine", "fetches")
def test_an_uploaded_model_that_left_the_server_is_one_sentence(
    brought, monkeypatch: pytest.MonkeyPatch
):
    at = brought(record("tiny14-standard").weights.read_bytes())
    at.button(key="av.pair.use").click().run()
    monkeypatch.setattr(uploaded, "_uploads", Uploads())
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert len(at.warning) == 1
    assert "upload it again" in at.warning[0].value
    assert at.session_state["av.setup"] == setups.default()


@pytest.mark.usefixtures("engine", "fetches")
def test_an_upload_that_does_not_fit_is_one_sentence(brought):
    at = brought(b"\x80\x04 a pickle")
    assert len(at.warning) == 1
    assert "must be a safetensors file" in at.warning[0].value
    assert not model_uploads.records()


# --- 224 pixels -----------------------------------------------------------------------


def test_a_large_picture_is_a_thumbnail_and_light():
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    large, small = figures.picture(noise, "x"), figures.picture(noise[:64, :64], "x")
    assert 'class="av-thumbnail"' in large
    assert "224 pixels; click for 1:1" in large
    assert len(large) < 150_000
    assert "image/png" in small
    assert "thumbnail" not in small


def test_the_replay_of_a_thousand_classes_sends_a_few():
    spec = replace(setups.default().board.attack_on(RUNG), target="goldfish")
    data = components.replay_data(record(RUNG), made_up(spec), ("goldfish", "tabby"), "l2")
    assert data["classes"][:2] == ["goldfish", "tabby"]
    assert data["followed"] == [0, 1]
    assert len(data["classes"]) == len(data["probabilities"][0]) <= 20
    assert all(frame.startswith("data:image/webp") for frame in data["frames"])


def test_of_a_long_attack_on_large_pictures_the_two_ends_are_kept(monkeypatch: pytest.MonkeyPatch):
    """A thousand steps at 224 pixels would be 600 MB, several times over."""
    from advviz.experiments import procedures
    from advviz.models.classifier import Classifier
    from advviz.models.loading import load_model

    spec = setups.default().board.attack_on("tiny14-standard")
    spec = replace(spec, steps=3)
    described = record(spec.model)
    pixels = images.load(spec.image, described.input_size).pixels
    classifier = Classifier(load_model(spec.model))
    whole = run(procedures.attack(spec, described, pixels), classifier)
    monkeypatch.setattr(procedures, "RECORDED", 3 * pixels.nbytes)
    ends = run(procedures.attack(spec, described, pixels), classifier)
    assert whole.arrays["trajectory"].shape[0] == 4
    assert (
        ends.arrays["trajectory"] == [ends.arrays["original"], ends.arrays["adversarial"]]
    ).all()
    assert (ends.arrays["curve_probabilities"] == whole.arrays["curve_probabilities"]).all()
    data = components.replay_data(described, ends, ("goldfish",), "l2")
    assert data["steps"] == [0, 3]
    assert len(data["frames"]) == 2
    assert len(data["probabilities"]) == 4
