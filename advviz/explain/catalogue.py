"""The explainers that there are: what they are called, what they are told, how they begin.

Pages, flags, links and reports are made from this list, so that an explainer which is added
here, with a dataclass of its parameters, appears in all of them. Reading the list loads no
torch; each explainer is imported when it is begun.
"""

from collections.abc import Mapping
from types import MappingProxyType

from advviz.errors import UnknownNameError
from advviz.explain import parameters
from advviz.explain.entry import Explainer, Score, made_in
from advviz.explain.inside import LOOK_INSIDE

__all__ = ["Explainer", "Score", "explainer_named", "explainers"]

_ALL = (
    Explainer(
        name="gradient",
        title="Gradient",
        paper="Simonyan et al., 2013, arXiv:1312.6034",
        is_="How much a tiny change of each pixel moves the score.",
        notice="Does it follow the object, or is it scattered like dust?",
        cannot="A strong gradient does not mean good evidence: it tells of tiny changes alone.",
        params=parameters.Nothing,
        make=made_in("gradient", "of_catalogue"),
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
        make=made_in("smoothgrad", "of_catalogue"),
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
        make=made_in("gradient", "input_times_gradient"),
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
        make=made_in("integrated_gradients", "integrated_gradients"),
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
        make=made_in("expected_gradients", "expected_gradients"),
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
        make=made_in("occlusion", "occlusion"),
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
        make=made_in("rise", "rise"),
        score="probability",
        random=True,
    ),
)
_BY_NAME = MappingProxyType({explainer.name: explainer for explainer in (*_ALL, *LOOK_INSIDE)})


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
