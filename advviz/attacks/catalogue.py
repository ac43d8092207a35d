"""The catalogue of attacks: what each is called, what it can, and how it is begun.

Importing it loads no torch: pages build their controls from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from advviz.objectives import Objective

AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What an attack is to reach, row by row.

    Args:
        labels: int64 [N]: the classes to leave, or the class to reach.
        targeted: whether they are to be reached.
    """

    labels: "Tensor"
    targeted: bool = False

    def objective(self, loss: str) -> "Objective":
        """Return the objective of a loss: towards the classes, or away from them."""
        from advviz.objectives import away_from, towards

        return towards(self.labels, loss) if self.targeted else away_from(self.labels, loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One entry of the catalogue.

    Args:
        name: as on the command line.
        title: full name for people, with what it does.
        paper: where it was described.
        norms: balls in which it searches.
        minimal: it searches the smallest change; eps then only judges.
        white_box: it uses gradients.
        foreign: it comes from another library.
        params: frozen dataclass of its parameters.
        make: begins it.
        version: raised with every change of what it computes.
    """

    name: str
    title: str
    paper: str
    norms: tuple[str, ...]
    minimal: bool
    white_box: bool
    params: type
    make: Callable[..., Any]
    foreign: bool = False
    version: int = 1


def _declared(default: Any, kind: type, low: float, high: float, help: str) -> Any:
    meta = {"type": kind, "low": low, "high": high, "help": help, "auto": default == AUTO}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True, kw_only=True)
class FGSMSettings:
    """The fast gradient sign method has no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PGDSettings:
    """What projected gradient descent is told; a step of auto is 2.5 eps / steps."""

    steps: int = _declared(20, int, 1, 1000, "steps of each search")
    step_size: float | str = _declared(
        AUTO, float, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps"
    )
    restarts: int = _declared(1, int, 1, 50, "independent searches")
    random_start: bool = field(
        default=False, metadata={"type": bool, "help": "start at a random point of the ball"}
    )


def _fgsm(
    images: Any,
    goal: Goal,
    threat: Any,
    params: Any,
    *,
    noise: Any,
    early_stop: bool,
    record: str = "curves",
) -> Any:
    from advviz.attacks.pgd import fgsm_params, pgd

    del params, early_stop, record
    objective = goal.objective("cross-entropy")
    return pgd(images, objective, threat, fgsm_params(threat.eps), noise=noise)


def _pgd(
    images: Any,
    goal: Goal,
    threat: Any,
    params: Any,
    *,
    noise: Any,
    early_stop: bool,
    record: Any = "curves",
) -> Any:
    from advviz.attacks.pgd import PGDParams, pgd

    auto = 2.5 * threat.eps / params.steps
    wanted = PGDParams(
        step_size=auto if params.step_size == AUTO else params.step_size,
        steps=params.steps,
        random_start=params.random_start,
        restarts=params.restarts,
        early_stop=early_stop,
        record=record,
    )
    return pgd(images, goal.objective("cross-entropy"), threat, wanted, noise=noise)


_ATTACKS = MappingProxyType(
    {
        "fgsm": Attack(
            name="fgsm",
            title="FGSM: one step of the whole budget along the gradient",
            paper="Goodfellow et al., ICLR 2015, arXiv:1412.6572",
            norms=("l2", "linf"),
            minimal=False,
            white_box=True,
            params=FGSMSettings,
            make=_fgsm,
        ),
        "pgd": Attack(
            name="pgd",
            title="PGD: projected gradient descent on the cross-entropy",
            paper="Madry et al., ICLR 2018, arXiv:1706.06083",
            norms=("l2", "linf"),
            minimal=False,
            white_box=True,
            params=PGDSettings,
            make=_pgd,
        ),
    }
)


def attacks() -> Mapping[str, Attack]:
    """Return all attacks, by name."""
    return _ATTACKS
