"""Red flags: each broken defence raises the right one, and a sound network none."""

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_toys import (
    Changed,
    Colours,
    folder_of_pictures,
    noisy,
    probabilities,
    quantized,
    registered,
    saturated,
    undefined,
)

from advviz.compute import Engine
from advviz.errors import InvalidInputError
from advviz.evaluation import red_flags, search_checks
from advviz.evaluation.paired import paired_interval
from advviz.evaluation.plan import GREY, MORE_STEPS, Budget, Cell, Plan
from advviz.evaluation.red_flags import checked
from advviz.evaluation.runner import measured
from advviz.evaluation.tally import Tally
from advviz.evaluation.work import Work, prepared

SOUND = "robust-sound"
KNOWN = "tiny14-robust-l2"


@pytest.fixture(scope="module")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tally]:
    """Measure a sound network and five broken defences, once."""
    modules = {
        SOUND: Colours(),
        "quantized": Changed(quantized),
        "saturated": Changed(saturated),
        "undefined": Changed(undefined),
        "softmax": Changed(probabilities),
        "noisy": Changed(pixels=noisy),
    }
    folder = folder_of_pictures(tmp_path_factory.mktemp("pictures"))
    patch = pytest.MonkeyPatch()
    with registered(modules, patch):
        plan = Plan(
            source=str(folder),
            models=tuple(modules),
            attacks=("fgsm", "pgd"),
            budgets=(Budget("l2", 0.3), Budget("l2", 1.0), Budget("linf", 0.03)),
            shared=(("steps", 10),),
        )
        engine = Engine(use_shipped=False)
        try:
            yield measured(prepared(plan), engine)
        finally:
            engine.close()


def raised(tally: Tally, model: str) -> set[str]:
    return {flag.name for flag in checked(tally, model).flags}


@pytest.mark.parametrize(
    ("model", "flag"),
    [
        ("quantized", "zero gradients"),
        ("saturated", "zero gradients"),
        ("undefined", "zero gradients"),
        ("softmax", "probabilities for logits"),
        ("noisy", "changing answers"),
    ],
)
def test_a_broken_defence_raises_the_right_flag(tally: Tally, model: str, flag: str):
    found = checked(tally, model)
    assert flag in {each.name for each in found.flags}
    for each in found.flags:
        assert each.model == model
        assert each.value >= each.threshold
        assert any(figure.isdigit() for figure in each.sentence)


def test_a_sound_network_raises_none(tally: Tally):
    found = checked(tally, SOUND)
    assert found.flags == ()
    assert set(found.not_checked) == {"PGD over APGD"}
    assert set(found.passed) == set(red_flags.CHECKS) - {"PGD over APGD"}


def test_other_flags_stay_down(tally: Tally):
    """What a defence does not do is not laid at its door."""
    assert "changing answers" not in raised(tally, "softmax")
    assert "probabilities for logits" not in raised(tally, "quantized")
    assert "zero gradients" not in raised(tally, "noisy")


# --- each check on made-up decisions ---------------------------------------------------


def copied(tally: Tally) -> Tally:
    """Return a tally whose decisions may be changed."""
    changed = Tally(tally.work)
    changed.cells, changed.probes = deepcopy(tally.cells), deepcopy(tally.probes)
    changed.transfers = deepcopy(tally.transfers)
    return changed


def made_up(plan: Plan) -> Tally:
    """Return a tally of 100 images, all of them right and attacked, and none fooled."""
    work = Work(
        plan=plan,
        names=tuple(map(str, range(100))),
        groups=("",) * 100,
        labels={KNOWN: (0,) * 100},
        digests={},
        skipped=(),
    )
    tally = Tally(work)
    for found in (tally.probes[KNOWN], *tally.cells.values()):
        found.done[:], found.right[:] = True, True
    return tally


def first_cell(attack: str) -> Cell:
    return Cell(SOUND, attack, Budget("l2", 0.3))


@pytest.mark.parametrize(("images", "is_raised"), [(0, False), (1, True)])
def test_an_attack_that_beats_the_strongest_is_seen(tally: Tally, images: int, is_raised: bool):
    """One of 36 images is more than 1%."""
    changed = copied(tally)
    held = np.flatnonzero(changed.cells[first_cell("pgd")].survived)[:images]
    changed.cells[first_cell("fgsm")].fooled[held] = True
    for cell in (first_cell("fgsm"), first_cell("pgd")):
        changed.cells[cell].done[:] = True
    extra = np.flatnonzero(changed.cells[first_cell("pgd")].survived)[images : images + 3]
    changed.cells[first_cell("pgd")].fooled[extra] = True  # PGD stays the strongest
    assert bool(list(search_checks.beaten(changed, SOUND))) == is_raised


def test_a_search_that_is_not_at_its_end_is_seen(tally: Tally):
    changed = copied(tally)
    plan = changed.work.plan
    cell = Cell(SOUND, "pgd", plan.middle("l2"), MORE_STEPS)
    assert not list(search_checks.still_rising(changed, SOUND))
    plain = Cell(SOUND, "pgd", plan.middle("l2"))
    changed.cells[plain].fooled[:] = False
    changed.cells[cell].fooled[:] = False
    changed.cells[cell].fooled[:1] = True  # one image: 3 points, but chance explains it
    assert not list(search_checks.still_rising(changed, SOUND))
    changed.cells[cell].fooled[:9] = True
    (flag,) = search_checks.still_rising(changed, SOUND)
    assert "twice the steps" in flag.sentence
    assert flag.value == pytest.approx(9 / 36)


@pytest.mark.parametrize(
    ("pgd", "apgd", "is_raised"), [(53, 50, False), (100, 97, False), (54, 50, True)]
)
def test_three_points_are_not_more_than_three(pgd: int, apgd: int, is_raised: bool):
    """0.53 - 0.5 and 1 - 0.97 are more than 0.03 in float64."""
    budget = Budget("l2", 1.0)
    made = made_up(Plan(source="-", models=(KNOWN,), attacks=("pgd", "apgd-ce"), budgets=(budget,)))
    for attack, held in (("pgd", pgd), ("apgd-ce", apgd)):
        made.cells[Cell(KNOWN, attack, budget)].fooled[:] = np.arange(100) >= held
    assert bool(list(search_checks.pgd_over_apgd(made, KNOWN))) == is_raised


def test_survivors_within_reach_of_grey_are_counted(tally: Tally):
    changed = copied(tally)
    cell = next(c for c in changed.cells if c.model == SOUND and c.variant == GREY)
    assert not list(search_checks.mid_grey_held(changed, SOUND))
    norm = [c for c in changed.cells if (c.model, c.budget.norm) == (SOUND, cell.budget.norm)]
    fooled = np.logical_or.reduce([changed.cells[c].fooled for c in norm if c != cell])
    changed.cells[cell].fooled[np.flatnonzero(~fooled)[:2]] = False
    changed.cells[cell].fooled[np.flatnonzero(fooled)[:2]] = False  # another search found these
    (flag,) = search_checks.mid_grey_held(changed, SOUND)
    assert flag.sentence.startswith("2 of 36 images survive pgd")


@pytest.mark.parametrize(("distance", "survivors"), [(0.5, 0), (0.8, 100), (np.nan, 100)])
def test_a_smallest_change_beyond_grey_survives_it(distance: float, survivors: int):
    """An attack that searches the whole box finds something, but not within reach of grey."""
    budget = Budget("linf", 0.03)
    made = made_up(Plan(source="-", models=(KNOWN,), attacks=("min-norm",), budgets=(budget,)))
    for found in made.cells.values():
        found.fooled[:], found.distance[:] = True, distance
    flags = list(search_checks.mid_grey_held(made, KNOWN))
    assert [round(100 * flag.value) for flag in flags] == [survivors] * bool(survivors)


# --- paired intervals ------------------------------------------------------------------


def test_the_paired_interval_is_the_published_one():
    """Newcombe 1998, table II: 36, 12, 2, 0 of 50, by method 10."""
    low, high = paired_interval(12, 2, 36, 50)
    assert (low, high) == (pytest.approx(0.0569, abs=1e-4), pytest.approx(0.3404, abs=1e-4))


@given(st.tuples(*[st.integers(0, 300)] * 4).filter(lambda t: sum(t) > 0))
def test_a_paired_interval_holds_its_difference_and_mirrors(counts: tuple[int, ...]):
    first, second, both, _ = counts
    n = sum(counts)
    low, high = paired_interval(first, second, both, n)
    assert -1 <= low <= (first - second) / n <= high <= 1
    swapped = paired_interval(second, first, both, n)
    assert swapped == (pytest.approx(-high), pytest.approx(-low))


def test_paired_counts_must_fit():
    with pytest.raises(InvalidInputError, match="paired counts"):
        paired_interval(3, 3, 3, 5)
