"""Why a control is there: a link at the end of its help, to the chapter that explains it."""

from typing import Any
from urllib.parse import urlencode

from advviz.experiments.features import FeaturesSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.lessons.library import library
from advviz.ui.language import in_link, language, say
from advviz.ui.measure import Measure
from advviz.ui.words import plain

CHAPTERS = {
    "attack": "01-targeted-attack",
    "ball": "02-the-ball",
    "features": "03-bugs-or-features",
    "maps": "04-gradients",
    "smoothgrad": "05-smoothgrad",
    "robust": "06-robust-models",
    "units": "07-what-units-want",
    "measuring": "08-measuring-honestly",
}
"""The chapter of each subject, by the name of its file."""
SUBJECTS: dict[type[Any], str] = {
    AttackSpec: "ball",
    ExplainSpec: "maps",
    VisualizeSpec: "units",
    FeaturesSpec: "features",
    LabTrainingSpec: "measuring",
    Measure: "measuring",
}
"""What the parameters of an experiment are about."""
SMOOTHGRAD = ("samples", "sigma", "sigma_unit", "magnitude")
"""Fields of a map that another chapter explains than the gradient's."""


def why(subject: str) -> str:
    """End a help with the link to a chapter; nothing, where a teacher has taken it away.

    Args:
        subject: one of `CHAPTERS`.
    """
    name = CHAPTERS[subject]
    found = next((c for c in library(language()).chapters if c.name == name), None)
    if found is None:
        return ""
    # Relative, for a proxy may serve the app under a path; the link opens in a tab of its own.
    address = f"lessons?{urlencode({'chapter': found.number} | in_link())}"
    told = say("Why? Chapter {number}: {title}", number=found.number, title=plain(found.title))
    return f" [{told}]({address})"


def why_field(spec: type[Any], name: str) -> str:
    """End the help of an experiment's field, likewise; nothing, where no chapter is about it."""
    subject = SUBJECTS.get(spec)
    if subject is None:
        return ""
    return why("smoothgrad" if spec is ExplainSpec and name in SMOOTHGRAD else subject)
