"""The attacks that there are: what they are called, what they are told, how they begin.

Pages, flags, links and evaluations are made from this list, so that an attack which is added
here, with a dataclass of its parameters, appears in all of them. Reading the list loads no
torch; each attack is imported when it is begun.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from advviz.attacks import parameters
from advviz.attacks.goal import Goal
from advviz.errors import UnknownNameError

if TYPE_CHECKING:
    from advviz.attacks.result import AttackResult
    from advviz.protocol import Procedure

__all__ = ["Attack", "Goal", "attack_named", "attacks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An entry of the catalogue.

    Args:
        name: what flags and links call it.
        title: what people call it.
        paper: where it is from.
        norms: those of the balls in which it works, the usual one first.
        minimal: it searches the smallest change; eps then only judges what was found.
        white_box: it uses gradients.
        foreign: the code is Foolbox's.
        version: raised with every change of what it computes.
        params: dataclass of its parameters.
        make: begins it, given images [N, C, H, W], a goal, a threat model and parameters, and
            by name `noise`, `early_stop` (leave a row alone once its goal is reached) and
            `record` (what to keep of every step: "nothing", "curves" or "pictures").
    """

    name: str
    title: str
    paper: str
    norms: tuple[str, ...]
    minimal: bool = False
    white_box: bool = True
    foreign: bool = False
    version: int = 1
    params: type[Any]
    make: Callable[..., "Procedure[AttackResult]"]


def _made_in(module: str, function: str, **fixed: str) -> Callable[..., "Procedure[AttackResult]"]:
    """Return a function that begins an attack; its module is imported when it is called."""

    def make(*args: Any, **words: Any) -> "Procedure[AttackResult]":
        begin: Callable[..., Procedure[AttackResult]]
        begin = getattr(import_module(f"advviz.attacks.{module}"), function)
        return begin(*args, **fixed, **words)

    return make


_ALL = (
    Attack(
        name="fgsm",
        title="FGSM: one step along the gradient",
        paper="Goodfellow et al., ICLR 2015, arXiv:1412.6572",
        norms=("linf", "l2", "l1"),
        params=parameters.FGSM,
        make=_made_in("fgsm", "fgsm"),
    ),
    Attack(
        name="pgd",
        title="PGD: projected gradient descent",
        paper="Madry et al., ICLR 2018, arXiv:1706.06083",
        norms=("l2", "linf", "l1"),
        version=2,
        params=parameters.PGD,
        make=_made_in("pgd", "pgd_to"),
    ),
    Attack(
        name="apgd-ce",
        title="APGD-CE: Auto-PGD on the cross-entropy",
        paper="Croce & Hein, ICML 2020, arXiv:2003.01690",
        norms=("l2", "linf"),
        params=parameters.APGD,
        make=_made_in("apgd", "apgd", loss="cross-entropy"),
    ),
    Attack(
        name="apgd-dlr",
        title="APGD-DLR: Auto-PGD on the difference-of-logits ratio",
        paper="Croce & Hein, ICML 2020, arXiv:2003.01690",
        norms=("l2", "linf"),
        params=parameters.APGD,
        make=_made_in("apgd", "apgd", loss="dlr"),
    ),
    Attack(
        name="apgd-t",
        title="APGD-T: Auto-PGD towards the likeliest other classes, one after the other",
        paper="Croce & Hein, ICML 2020, arXiv:2003.01690",
        norms=("l2", "linf"),
        version=2,
        params=parameters.TargetedAPGD,
        make=_made_in("apgd_targeted", "apgd_targeted"),
    ),
    Attack(
        name="cw",
        title="C&W: Carlini and Wagner's smallest L2 change",
        paper="Carlini & Wagner, S&P 2017, arXiv:1608.04644",
        norms=("l2",),
        minimal=True,
        version=2,
        params=parameters.CarliniWagner,
        make=_made_in("cw", "carlini_wagner"),
    ),
    Attack(
        name="min-norm",
        title="Minimum norm: the smallest change that fools the model (FMN)",
        paper="Pintor et al., NeurIPS 2021, arXiv:2102.12827",
        norms=("l2", "linf", "l1"),
        minimal=True,
        version=2,
        params=parameters.MinimumNorm,
        make=_made_in("minimum_norm", "minimum_norm"),
    ),
    Attack(
        name="square",
        title="Square: random squares, without gradients",
        paper="Andriushchenko et al., ECCV 2020, arXiv:1912.00049",
        norms=("linf", "l2"),
        white_box=False,
        version=2,
        params=parameters.Square,
        make=_made_in("square", "square"),
    ),
    Attack(
        name="deepfool",
        title="DeepFool, by Foolbox",
        paper="Moosavi-Dezfooli et al., CVPR 2016, arXiv:1511.04599",
        norms=("l2", "linf"),
        minimal=True,
        foreign=True,
        version=2,
        params=parameters.DeepFool,
        make=_made_in("foreign", "foreign", name="deepfool"),
    ),
    Attack(
        name="hopskipjump",
        title="HopSkipJump, from decisions alone, by Foolbox",
        paper="Chen et al., S&P 2020, arXiv:1904.02144",
        norms=("l2", "linf"),
        minimal=True,
        white_box=False,
        foreign=True,
        version=2,
        params=parameters.HopSkipJump,
        make=_made_in("foreign", "foreign", name="hopskipjump"),
    ),
    Attack(
        name="ead",
        title="EAD: elastic-net attack, by Foolbox",
        paper="Chen et al., AAAI 2018, arXiv:1709.04114",
        norms=("l1",),
        minimal=True,
        foreign=True,
        version=2,
        params=parameters.EAD,
        make=_made_in("foreign", "foreign", name="ead"),
    ),
)
_BY_NAME = MappingProxyType({attack.name: attack for attack in _ALL})


def attacks() -> Mapping[str, Attack]:
    """Return all attacks by name; nobody can change the list."""
    return _BY_NAME


def attack_named(name: str) -> Attack:
    """Return an attack.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in _BY_NAME:
        raise UnknownNameError(f"attack must be one of {', '.join(_BY_NAME)}, got {name!r}")
    return _BY_NAME[name]
