"""The Attack page's drawers with a fake engine: what each asks for, what it says."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from fake_engine import DEFENCES, FakeEngine, made_up
from PIL import Image
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.compute import Job, State
from advviz.compute.forecast import Expected
from advviz.errors import InvalidInputError
from advviz.experiments import links
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.specs import AttackSpec, NoiseSpec, PredictSpec
from advviz.models.records import record
from advviz.ui import (
    ball_picture,
    distances,
    permalinks,
    single,
    smallest_changes,
    state,
    surfaces,
    survival,
    take_home,
)
from advviz.ui import setup as setups
from advviz.ui.strengths import STOPS

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"


def opened(*drawers):
    """The page, with these drawers open."""
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / "attack.py"))
    for key in drawers:
        at.session_state[key] = True
    at.run()
    assert not at.exception, at.exception
    return at


def told(at):
    return " ".join([*(e.proto.body for e in at.get("html")), *(m.value for m in at.markdown)])


def asked(engine, kind):
    return {spec for spec in engine.asked if isinstance(spec, kind)}


def test_closed_drawers_ask_for_nothing(engine):
    at = opened()
    assert set(engine.asked) == {setups.default().attack(STANDARD)}
    assert not at.file_uploader


def test_open_drawers_ask_for_what_they_show_and_say_it(engine):
    drawers = ("av.ball", "av.strengths", "av.control", "av.defences", "av.surface", "av.check")
    at = opened(*drawers)
    shown, setup = told(at), setups.default()
    assert not at.error
    assert {spec.model for spec in asked(engine, SmallestSpec)} == {STANDARD, ROBUST}
    wanted = {replace(setup.attack(m), eps=e) for m in (STANDARD, ROBUST) for e in STOPS["l2"][1:]}
    assert wanted <= asked(engine, AttackSpec)
    assert "4 times as much change" in shown
    assert len(asked(engine, NoiseSpec)) == 2
    assert "<b>0 of 100</b>" in shown
    assert {spec.model for spec in asked(engine, DefencesSpec)} == {STANDARD}
    assert f"of {len(DEFENCES) - 1} defences, the attack survives <b>0</b>" in shown
    assert "right answer to the clean picture survives <b>1</b>" in shown
    assert "✗ still fooled" in shown
    assert "Athalye" in shown
    assert len(asked(engine, SurfaceSpec)) == len(at.get("plotly_chart")) == 2
    assert "is the box of valid pixels" in shown


class SlowEngine(FakeEngine):
    """Shows every job as running first, and its result at the next look."""

    def watch(self, session, specs, *, fresh=False):
        return SlowView(super().watch(session, specs, fresh=fresh).jobs)

    def expected(self, _job):
        return Expected(None, None)


class SlowView:
    done = False

    def __init__(self, jobs):
        self.found = jobs
        self.jobs = tuple(
            Job(job.spec, "", State.RUNNING, progress=("so far", 1, 2)) for job in jobs
        )

    def updates(self):
        yield
        self.jobs, self.done = self.found, True
        yield

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize("key", ["strengths", "control", "defences", "surface"])
def test_a_drawer_shows_how_far_it_is_and_then_what_was_found(key, monkeypatch):
    """Nothing of the waiting is left once all is there."""
    slow = SlowEngine()
    monkeypatch.setattr(state, "engine", lambda: slow)
    at = opened(f"av.{key}")
    shown = told(at)
    assert not at.error
    assert "so far" not in shown
    found = {"strengths": "as much change", "control": "0 of 100", "defences": "still fooled"}
    assert found.get(key, "The loss of dog around the picture") in shown


def test_the_page_says_whether_the_file_fools_and_offers_the_search_in_8_bits(engine):
    at = opened()
    assert "The 8-bit file fools too" in told(at)
    at.toggle(key="av.quantized").set_value(True).run()
    assert engine.attacks()[-1].quantized
    assert "the search was among such files" in told(at)
    assert "in 8 bits" in " ".join(caption.value for caption in at.caption)


def test_a_file_that_no_longer_fools_is_said_with_what_to_do():
    spec = setups.default().attack(STANDARD)
    result = made_up(spec)
    arrays = {**result.arrays, "eight_bit_logits": result.arrays["original_logits"]}
    lost = replace(result, arrays=arrays)
    said = single.saved(setups.default(), spec, lost)
    assert "no longer fools" in said
    assert "Search in 8 bits" in said
    assert "no file was found" in single.saved(
        setups.default(), replace(spec, quantized=True), lost
    )


def test_an_attack_that_looks_for_the_smallest_change_is_asked_once(engine):
    """The drawer uses the attack of the page; without a ball there are neither stops nor 8 bits."""
    at = opened("av.strengths")
    at.toggle(key="av.quantized").set_value(True).run()
    engine.asked.clear()
    at.selectbox(key="av.attack").set_value("min-norm").run()
    assert at.toggle(key="av.quantized").disabled
    assert {(s.model, s.attack) for s in asked(engine, SmallestSpec)} == {
        (STANDARD, "min-norm"), (ROBUST, "min-norm"),
    }  # fmt: skip
    assert {(s.eps, s.quantized) for s in asked(engine, AttackSpec)} == {
        (setups.default().board.eps, False)
    }
    assert "looks for the smallest change by itself" in told(at)
    at.selectbox(key="av.attack").set_value("fgsm").run()
    assert "FGSM within a ball" in told(at)
    assert {s.attack for s in asked(engine, SmallestSpec)} == {"min-norm", "fgsm"}
    assert not at.error


def test_a_search_in_another_norm_is_opened_at_a_strength_of_it():
    """An L2 length of 4 would be no L-inf budget."""
    first = setups.default().with_board(eps=4.0)
    wanted = SmallestSpec(model=ROBUST, image="sample:goose", norm="linf", attack="apgd-ce")
    found = permalinks.adopted(first, wanted)
    assert smallest_changes.smallest_of(found, ROBUST) == wanted
    assert 0 < found.board.eps <= 32 / 255


# --- saved files ----------------------------------------------------------------


def attacked(model=STANDARD):
    spec = setups.default().attack(model)
    return spec, made_up(spec)


def bring(at, data, name="x.png"):
    at.file_uploader[0].upload(name, data, "image/png").run()
    assert not at.exception, at.exception
    return told(at)


@pytest.mark.parametrize("kind", ["png", "npz"])
def test_a_saved_file_brought_back_is_checked(engine, kind):
    """Its set-up is read, its distance measured, and every model of the pair is asked."""
    spec, result = attacked()
    data = getattr(take_home, kind)(spec, result)
    at = opened("av.check")
    engine.asked.clear()
    shown = bring(at, data, f"x.{kind}")
    assert not at.warning
    assert "dog → goldfish" in shown
    assert ("exact pixels" if kind == "npz" else "8 bits a channel") in shown
    predictions = asked(engine, PredictSpec)
    assert {p.model for p in predictions} >= {STANDARD, ROBUST}
    assert len({p.image for p in predictions}) == 2
    before, after = result.arrays["original"], result.arrays["adversarial"]
    after = after if kind == "npz" else np.rint(after * 255) / 255
    l2 = np.linalg.norm((after.astype(np.float64) - before).ravel())
    assert f"{l2:.4f}" in shown
    assert at.button(key="av.saved.open")


def test_a_file_equal_to_a_known_result_is_said_to_be_that(engine, monkeypatch):
    spec, result = attacked()
    monkeypatch.setattr(engine, "peek", lambda asked: result if asked == spec else None)
    assert "pixel by pixel what" in bring(opened("av.check"), take_home.png(spec, result))
    pixels = np.asarray(Image.open(BytesIO(take_home.png(spec, result)))).copy()
    pixels[0, 0, 0] ^= 1
    changed = take_home.pictures.png(pixels, links.to_link(spec))
    assert "It differs from what that set-up computes" in bring(opened("av.check"), changed)


@pytest.mark.usefixtures("engine")
def test_a_picture_of_somebody_else_has_no_original():
    buffer = BytesIO()
    Image.new("RGB", (90, 70), (200, 30, 40)).save(buffer, "PNG")
    shown = bring(opened("av.check"), buffer.getvalue())
    assert "names no attack that is known here" in shown
    assert "90 × 70 pixels" in shown
    assert "the original is not here" in shown


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("data", [b"not a picture", b"PK\x03\x04 damaged"])
def test_a_file_of_no_use_is_one_sentence(data):
    at = opened("av.check")
    bring(at, data)
    assert len(at.warning) == 1
    assert "the file was not taken" in at.warning[0].value


@pytest.mark.usefixtures("engine")
def test_a_note_that_names_no_attack_is_not_believed():
    spec, result = attacked()
    pixels = take_home.pictures.photo(result.arrays["adversarial"])
    for note in ("v=1&kind=predict", "<script>", links.to_link(spec) + "&x=1"):
        shown = bring(opened("av.check"), take_home.pictures.png(pixels, note))
        assert "names no attack that is known here" in shown


# --- links ----------------------------------------------------------------------


def test_the_link_of_an_inquiry_opens_the_attack_that_it_is_about():
    first = setups.default().with_image("sample:goose").with_board(
        target="bus", norm="linf", eps=4 / 255, seed=3, steps=7, quantized=True
    )  # fmt: skip
    first = replace(first, model=ROBUST)
    inquiries = (survival.spec_of(first), surfaces.spec_of(first, ROBUST))
    for spec in (first.attack(ROBUST), *inquiries):
        second = permalinks.adopted(setups.default(), links.from_link(links.to_link(spec)))
        assert (second.model, second.attack(ROBUST)) == (ROBUST, first.attack(ROBUST))
    wanted = smallest_changes.smallest_of(first, ROBUST)
    assert (
        smallest_changes.smallest_of(permalinks.adopted(setups.default(), wanted), ROBUST) == wanted
    )


def test_an_inquiry_about_a_plain_picture_has_no_page():
    for kind in (DefencesSpec, SurfaceSpec):
        with pytest.raises(InvalidInputError, match="attacked pictures"):
            permalinks.adopted(setups.default(), kind(model=STANDARD, image="sample:goose"))


# --- figures --------------------------------------------------------------------


def test_the_steps_that_are_drawn_are_those_of_the_norms():
    """2 is a steepest step of its norm's length away from 1; 3 is in the ball and the box."""
    length = {
        "l1": lambda v: np.abs(v).sum(), "l2": np.linalg.norm, "linf": lambda v: np.abs(v).max(),
    }  # fmt: skip
    for panel in ball_picture.PANELS:
        stepped, back = ball_picture.places(panel)
        measure = length[panel.norm]
        assert measure(stepped - ball_picture.NOW) == pytest.approx(panel.step)
        assert measure(stepped - ball_picture.IMAGE) > panel.eps
        assert measure(back - ball_picture.IMAGE) <= panel.eps + 1e-9
        assert ((back >= 0) & (back <= 1)).all()
        drawn = ball_picture.drawing(panel.norm)
        assert drawn.count("av-chosen") == 1
        assert drawn.count("<polygon") == 6


def test_a_budget_is_the_same_ball_in_every_unit():
    """Cauchy–Schwarz, and what one pixel alone may do."""
    count = 3 * 64 * 64
    l2 = distances.allowed("l2", 1.0, count)
    assert l2 == ["at most 110.9", "1", "2.3 of 255", "at most 255 of 255"]
    linf = distances.allowed("linf", 8 / 255, count)
    assert linf == ["at most 385.5", "at most 3.478", "at most 8 of 255", "8 of 255"]
    change = np.zeros((3, 64, 64))
    change[0, 0, 0] = 0.5
    assert distances.measured(np.zeros_like(change), change) == [
        "0.5", "0.5000", "1.2 of 255", "128 of 255",
    ]  # fmt: skip


def test_the_curve_over_the_strengths_begins_at_the_picture_itself(engine):
    setup = setups.default()
    finds = {spec: engine_shown(engine, spec) for spec in smallest_changes.specs(setup)}
    curves = smallest_changes.lines(setup, finds)
    assert [curve.label for curve in curves] == ["○ goldfish", "○ dog", "● goldfish", "● dog"]
    assert [curve.faint for curve in curves] == [False, True, False, True]
    assert {len(curve.values) for curve in curves} == {len(STOPS["l2"])}
    assert curves[0].values[0] < 0.1 < 0.9 < curves[0].values[1]
    assert curves[0].mark == 1
    assert curves[2].mark is None
    missing = smallest_changes.attacks(setup, STANDARD)[2]
    finds[missing] = replace(finds[missing], result=None)
    assert len(smallest_changes.lines(setup, finds)[0].values) == 3


def engine_shown(engine, spec):
    return smallest_changes.running.Shown(engine.submit(spec).result, "")


def test_the_heights_of_a_surface_are_cross_entropies_on_one_scale():
    setup = setups.default()
    found = {m: made_up(surfaces.spec_of(setup, m)) for m in (STANDARD, ROBUST)}
    index = record(STANDARD).class_index("dog")
    logits = found[STANDARD].arrays["logits"].astype(np.float64)
    heights = surfaces.losses(logits, index)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(heights, -np.log(shares[..., index]), rtol=1e-5)
    drawn = surfaces.figure(record(STANDARD), found[STANDARD], heights, 20.0)
    assert drawn["data"][0]["cmax"] == 20.0
    assert drawn["layout"]["scene"]["zaxis"]["range"] == [0, 21.0]
    assert drawn["data"][1]["x"] == [0.0, 1.0]


def test_the_table_behind_a_surface_has_its_heights():
    setup = setups.default()
    result = made_up(surfaces.spec_of(setup, STANDARD))
    heights = surfaces.losses(result.arrays["logits"], record(STANDARD).class_index("dog"))
    shown = surfaces.heights_table(result, heights)
    along, middle = result.arrays["along"], 10
    for step in (0, 8, 20):
        assert f"<td>{along[step]:.3g}</td>" in shown
        assert f"<td>{heights[middle, step]:.3g}</td>" in shown
    assert shown.count("<tr>") == 1 + 6
