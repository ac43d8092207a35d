"""The explainers that there are: what they are called, what they are told, how they begin.

Pages, flags, links and reports are made from this list, so that an explainer which is added
here, with a dataclass of its parameters, appears in all of them. Reading the list loads no
torch; each explainer is imported when it is begun.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from advviz.errors import UnknownNameError
from advviz.explain import parameters

if TYPE_CHECKING:
    from advviz.explain.gradient import Explanation
    from advviz.protocol import Procedure

__all__ = ["Explainer", "Score", "explainer_named", "explainers"]

Score = Literal["loss", "log-probability", "probability"]
"""What an explainer makes of the score "cross-entropy": the loss itself, or what falls with it,
so that a positive map speaks for the class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """An entry of the catalogue.

    Args:
        name: what flags and links call it.
        title: what people call it.
        paper: where it is from.
        is_: one sentence: what the map is.
        notice: one sentence: what to look for in it.
        cannot: one sentence: what it cannot tell.
        params: dataclass of its parameters.
        make: begins it, given images [N, C, H, W], an objective and parameters, and by name
            `noise`, and `references` [R, C, H, W] where it asks for them; it returns an
            `Explanation` whose map is [N, C, H, W] or [N, 1, H, W].
        score: what the score "cross-entropy" stands for.
        exact: it asks the unmodified network alone, whatever the numerics.
        random: it draws random numbers, so that its seed matters.
        references: it compares with the other bundled pictures.
        needs_module: it looks inside the network, by calls; False: a pure procedure of queries.
        layer: it takes a layer, as its parameter of that name.
        network: what the network must be, in words for people; empty where any will do. Any
            other is refused in one sentence when the explainer is begun.
        version: raised with every change of what it computes.
    """

    name: str
    title: str
    paper: str
    is_: str
    notice: str
    cannot: str
    params: type[Any]
    make: Callable[..., "Procedure[Explanation]"]
    score: Score = "log-probability"
    exact: bool = False
    random: bool = False
    references: bool = False
    needs_module: bool = False
    layer: bool = False
    network: str = ""
    version: int = 1


def _made_in(module: str, function: str, **fixed: Any) -> Callable[..., "Procedure[Explanation]"]:
    """Return a function that begins an explainer; its module is imported when it is called."""

    def make(*args: Any, **words: Any) -> "Procedure[Explanation]":
        begin: Callable[..., Procedure[Explanation]]
        begin = getattr(import_module(f"advviz.explain.{module}"), function)
        return begin(*args, **fixed, **words)

    return make


_ALL = (
    Explainer(
        name="gradient",
        title="Gradient",
        paper="Simonyan et al., 2013, arXiv:1312.6034",
        is_="How much a tiny change of each pixel moves the score.",
        notice="Does it follow the object, or is it scattered like dust?",
        cannot="A strong gradient does not mean good evidence: it tells of tiny changes alone.",
        params=parameters.Nothing,
        make=_made_in("gradient", "of_catalogue"),
        score="loss",
        exact=True,
    ),
    Explainer(
        name="smoothgrad",
        title="SmoothGrad",
        paper="Smilkov et al., 2017, arXiv:1706.03825",
        is_="The gradient, averaged over noisy copies of the picture.",
        notice="Look for outlines.",
        cannot="Cleaner is not necessarily truer: averaging makes a tidy map of any network.",
        params=parameters.SmoothGrad,
        make=_made_in("smoothgrad", "of_catalogue"),
        score="loss",
        random=True,
    ),
    Explainer(
        name="input-x-gradient",
        title="Input × gradient",
        paper="Shrikumar et al., 2016, arXiv:1605.01713",
        is_="Each pixel times its gradient: the share of a black picture's change, were the "
        "network linear.",
        notice="Bright things stand out, for black pixels get nothing whatever their gradient.",
        cannot="Whether dark parts matter: black times anything is zero.",
        params=parameters.Nothing,
        make=_made_in("gradient", "input_times_gradient"),
        exact=True,
    ),
    Explainer(
        name="integrated-gradients",
        title="Integrated gradients",
        paper="Sundararajan et al., ICML 2017, arXiv:1703.01365",
        is_="The gradient along the way from an empty picture to this one: the shares of the "
        "score's whole change, to which they add up.",
        notice="Choose another empty picture: what stays was not its doing.",
        cannot="That the shares add up does not make them right: pixels that equal the empty "
        "picture get nothing.",
        params=parameters.IntegratedGradients,
        make=_made_in("integrated_gradients", "integrated_gradients"),
        random=True,  # one of its baselines is
    ),
    Explainer(
        name="expected-gradients",
        title="Expected Gradients",
        paper="Erion et al., Nature Machine Intelligence 2021, arXiv:1906.10670",
        is_="Integrated gradients from real pictures, those that come with advviz, averaged "
        "over random points of the ways.",
        notice="No colour is privileged as nothing: do black parts count now?",
        cannot="It tells what sets this picture apart from those few, and not from all pictures.",
        params=parameters.ExpectedGradients,
        make=_made_in("expected_gradients", "expected_gradients"),
        random=True,
        references=True,
    ),
    Explainer(
        name="occlusion",
        title="Occlusion",
        paper="Zeiler & Fergus, ECCV 2014, arXiv:1311.2901",
        is_="How far the score falls when a window hides this place, averaged over the windows "
        "that do.",
        notice="Does hiding the object hurt most, or hiding something beside it?",
        cannot="A hidden window is a strange picture itself, and what is there twice is never "
        "missed.",
        params=parameters.Occlusion,
        make=_made_in("occlusion", "occlusion"),
        score="probability",
        random=True,  # one of its baselines is
    ),
    Explainer(
        name="rise",
        title="RISE",
        paper="Petsiuk et al., BMVC 2018, arXiv:1806.07421",
        is_="How high the score is when this place is visible through a random mask.",
        notice="Where does it stay when the seed or the number of masks changes?",
        cannot="Its grain is that of chance and of the masks' cells: small marks mean nothing.",
        params=parameters.RISE,
        make=_made_in("rise", "rise"),
        score="probability",
        random=True,
    ),
)
_BY_NAME = MappingProxyType({explainer.name: explainer for explainer in _ALL})


def explainers() -> Mapping[str, Explainer]:
    """Return all explainers by name; nobody can change the list."""
    return _BY_NAME


def explainer_named(name: str) -> Explainer:
    """Return an explainer.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in _BY_NAME:
        raise UnknownNameError(f"method must be one of {', '.join(_BY_NAME)}, got {name!r}")
    return _BY_NAME[name]
