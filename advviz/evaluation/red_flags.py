"""Red flags: signs that a measured robustness is an attack's failure.

A flag says nothing about who is to blame: it says that the accuracy is not to be believed
before it is explained. Thresholds are constants of the checks, fixed before anything is measured.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from advviz.evaluation import answer_checks, search_checks
from advviz.evaluation.red_flag import NotChecked, RedFlag
from advviz.evaluation.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of the checks of one model.

    Args:
        flags: raised.
        passed: names of the checks that found nothing.
        not_checked: name of each check that could not be made, and why.
    """

    flags: tuple[RedFlag, ...]
    passed: tuple[str, ...]
    not_checked: dict[str, str]


Check = Callable[[Tally, str], Iterator[RedFlag]]


def checked(tally: Tally, model: str) -> Checked:
    """Make every check that what was measured allows."""
    flags: list[RedFlag] = []
    passed: list[str] = []
    unknown: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            found = list(check(tally, model))
        except NotChecked as why:
            unknown[name] = str(why)
            continue
        flags += found
        if not found:
            passed.append(name)
    return Checked(flags=tuple(flags), passed=tuple(passed), not_checked=unknown)


CHECKS: dict[str, Check] = {
    "beaten": search_checks.beaten,
    "still rising": search_checks.still_rising,
    "PGD over APGD": search_checks.pgd_over_apgd,
    "zero gradients": answer_checks.zero_gradients,
    "survives mid-grey": search_checks.mid_grey_held,
    "changing answers": answer_checks.changing,
    "probabilities for logits": answer_checks.probabilities,
}
"""Every check, by the name of its flag."""
