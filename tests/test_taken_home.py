"""What a page gives away: sheets for print, exact arrays, a drawing while it forms."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from fake_engine import FakeEngine, made_up
from PIL import Image
from streamlit.testing.v1 import AppTest
from toys import Convolutional, built

from advviz import pictures, resources
from advviz.experiments import forming, links, together
from advviz.experiments.forming import FormingSpec
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, VisualizeSpec
from advviz.featurevis.ascent import AscentParams, ascent
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.pictures.prints import DPI, GAP, printed
from advviz.protocol import run
from advviz.ui import paper, rows, state, take_home
from advviz.ui import setup as setups
from advviz.ui.running import Shown


def known(specs):
    return {spec: Shown(made_up(spec), "") for spec in specs}


def opened(file: str) -> Image.Image:
    return Image.open(BytesIO(file))


def cell(page: Image.Image, place: tuple[int, int], side: int, factor: int) -> np.ndarray:
    """A picture of a sheet, at its own size again."""
    left, top = place
    size = side * factor
    found = np.asarray(page)[top : top + size, left : left + size]
    blocks = found.reshape(side, factor, side, factor, 3)
    assert (blocks == blocks[:, :1, :, :1]).all(), "a pixel is no square"
    return blocks[:, 0, :, 0]


def test_a_sheet_for_paper_keeps_every_pixel_a_square():
    image = np.arange(64 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(64, 64, 3)
    page = opened(printed([[image] * 6] * 2))
    assert [round(dots) for dots in page.info["dpi"]] == [DPI, DPI]
    np.testing.assert_array_equal(cell(page, (GAP, GAP), 64, 8), image)
    narrow = opened(printed([[image] * 12]))
    assert narrow.width <= 3508
    np.testing.assert_array_equal(cell(narrow, (GAP, GAP), 64, 3), image)


@pytest.mark.parametrize("shown", ["both", "robust"])
@pytest.mark.parametrize("scale", ["picture", "model"])
def test_the_board_on_paper_is_the_board_that_is_shown(shown, scale):
    setup = setups.default().with_view(rows=shown, gain="10", scale=scale, draw="signed")
    finds = known(rows.specs(setup))
    assert paper.is_complete(finds)
    page = opened(paper.board_file(setup, finds))
    arrays = made_up(setup.attack(setup.models[-1])).arrays
    line = page.height // len(setup.models)
    wanted = pictures.perturbation(arrays["original"], arrays["adversarial"], 10)
    strip = np.asarray(page)[:, GAP + 512 + GAP : GAP + 512 + GAP + 512]
    tops = [top for top in range(len(setup.models) * line - 511)
            if (strip[top : top + 512 : 8, ::8] == wanted).all()]  # fmt: skip
    assert tops, "the change of the last row is nowhere in the second column"


def test_the_ladder_on_paper_has_a_column_a_rung():
    setup = setups.default()
    finds = known(setup.ladder.specs())
    page = opened(paper.ladder_file(setup, finds))
    rungs = len(setup.ladder.rungs)
    assert page.width == GAP + rungs * (512 + GAP)
    ink = np.asarray(page)[:, GAP + (rungs - 1) * (512 + GAP) :]
    assert ink.std() > 10


def test_a_board_that_is_not_finished_is_not_offered_for_print():
    setup = setups.default()
    finds = known(rows.specs(setup))
    first = next(iter(finds))
    assert not paper.is_complete(finds | {first: Shown(None, "next")})


def test_exact_arrays_of_a_page_name_their_experiments():
    setup = setups.default()
    specs = rows.specs(setup)
    arrays = together.arrays({spec: made_up(spec) for spec in specs})
    named = {links.from_link(str(a)) for name, a in arrays.items() if name.endswith(".link")}
    assert named == set(specs)
    attack = setup.attack(setup.models[0])
    np.testing.assert_array_equal(
        arrays[f"{attack.model}.attack.adversarial"], made_up(attack).arrays["adversarial"]
    )


def test_two_experiments_of_a_kind_are_told_apart():
    spec = AttackSpec(model="tiny14-standard", image="sample:goose")
    arrays = together.arrays({one: made_up(one) for one in (spec, replace(spec, seed=1))})
    assert links.from_link(str(arrays["tiny14-standard.attack-2.link"])).seed == 1


# --- a drawing while it forms ----------------------------------------------------


def test_watching_changes_neither_the_drawing_nor_its_numbers():
    """Some steps are kept, each the picture that the next query is made from."""
    network = Classifier(built(Convolutional))
    import torch

    start = torch.full((1, 3, 4, 4), 0.5, dtype=torch.float64)
    asked = []

    def drawing():
        objective = Logit(torch.tensor([1]))
        params = AscentParams(eps=2.0, step_size=0.2, steps=5)
        search = ascent(start, objective, params, noise=Noise(0))
        query = next(search)
        try:
            while True:
                asked.append(query.images[0].numpy().copy())
                query = search.send((yield query))
        except StopIteration as end:
            found = end.value
        values = torch.cat([found.values[:, 0], found.final_values])
        return Result.of({"picture": found.pictures[0], "values": values}, {"unit": "x"})

    plain = run(drawing(), network)
    asked.clear()
    seen = run(forming.watched(drawing(), frozenset({0, 2, 4})), network)
    np.testing.assert_array_equal(seen.arrays["picture"], plain.arrays["picture"])
    np.testing.assert_array_equal(seen.arrays["values"], plain.arrays["values"])
    assert seen.facts == {"unit": "x", "shown": [0, 2, 4, 5]}
    for frame, step in zip(seen.arrays["frames"], (0, 2, 4), strict=False):
        np.testing.assert_array_equal(frame, pictures.photo(asked[step]))
    np.testing.assert_array_equal(
        seen.arrays["frames"][-1], pictures.photo(plain.arrays["picture"])
    )


def test_a_watched_drawing_that_is_closed_closes_the_drawing():
    closed = []

    def drawing():
        try:
            yield type("Query", (), {"progress": None})()
        finally:
            closed.append(True)

    watched = forming.watched(drawing(), frozenset())
    next(watched)
    watched.close()
    assert closed == [True]


def test_a_long_search_is_shown_in_at_most_sixty_steps_and_keys_follow_the_drawing():
    spec = VisualizeSpec(model="tiny14-standard", unit="class:dog", steps=1000)
    first, second = FormingSpec(drawing=spec), FormingSpec(drawing=replace(spec, seed=1))
    assert first.resolved() != second.resolved()
    assert first.resolved().items() > spec.resolved().items()
    every = -(-first.steps // forming.FRAMES)
    assert len(range(0, first.steps, every)) <= forming.FRAMES


class Watching(FakeEngine):
    """Answers a watched drawing too."""

    def submit(self, spec):
        if not isinstance(spec, FormingSpec):
            return super().submit(spec)
        self.asked.append(spec)
        job = super().submit(spec.drawing)
        drawn = pictures.photo(job.result.arrays["picture"])
        arrays = {**job.result.arrays, "frames": np.stack([drawn] * 5)}
        job.result = Result.of(arrays, {**job.result.facts, "shown": [0, 1, 2, 3, 4]})
        return job


def test_the_page_watches_a_drawing_only_when_asked(monkeypatch):
    engine = Watching()
    monkeypatch.setattr(state, "engine", lambda: engine)
    offered = {}
    monkeypatch.setattr(
        "advviz.ui.forming.download", lambda name, _label, _mime, data: offered.update({name: data})
    )
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / "feature_visualization.py")).run()
    assert not any(isinstance(spec, FormingSpec) for spec in engine.asked)
    at.session_state["av.forming"] = True
    at.run()
    assert not at.exception
    assert {spec.model for spec in engine.asked if isinstance(spec, FormingSpec)} == {
        "tiny14-standard", "tiny14-robust-l2",
    }  # fmt: skip
    assert len(offered) == 4
    name = next(name for name in offered if name.endswith(".gif"))
    with Image.open(BytesIO(offered[name]())) as moving:
        assert moving.n_frames >= 2


@pytest.mark.parametrize("page", ["compare.py", "ladder.py", "saliency.py", "attack.py"])
def test_every_page_offers_all_its_arrays(page, monkeypatch):
    monkeypatch.setattr(state, "engine", FakeEngine)
    offered = {}
    monkeypatch.setattr(
        take_home, "download", lambda name, _label, _mime, data: offered.update({name: data})
    )
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.session_state["av.take"] = True
    at.switch_page(str(resources.pages() / page)).run()
    assert not at.exception
    kind = at.query_params["kind"]
    kind = kind[0] if isinstance(kind, list) else kind
    with np.load(BytesIO(offered[f"advviz-{kind}.npz"]())) as arrays:
        assert any(name.endswith(".link") for name in arrays)
    assert (f"advviz-{kind}-print.png" in offered) == (page in ("compare.py", "ladder.py"))
