"""A chapter of the lessons, and the experiments that it has prepared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from advviz.errors import UnknownNameError
from advviz.experiments import links
from advviz.experiments.presets import Chosen, offered

PRESET = "preset:"
"""Begins a link that names a screened preset."""

SHOWS = (
    "board",
    "noise",
    "series",
    "confidence",
    "transfer",
    "replay",
    "ball",
    "maps",
    "questions",
    "quiz",
    "drawings",
    "price",
    "features",
    "training",
)
"""What an experiment of a chapter can show."""

CONTROLS = (
    "image",
    "target",
    "strength",
    "norm",
    "steps",
    "start",
    "model",
    "gain",
    "maps",
    "drawing",
    "explained",
    "samples",
    "sigma",
    "unit",
    "from",
    "seed",
    "features-eps",
    "training-eps",
    "single-step",
)
"""What of an experiment a student can turn."""

OVER = ("steps", "eps", "target", "norm")
"""What a series goes through."""

PAGES = (
    "compare",
    "attack",
    "saliency",
    "feature_visualization",
    "ladder",
    "evaluate",
    "features",
    "training",
)
"""Where an experiment can be opened with all of its controls."""

SECTIONS = ("idea", "predict", "experiment", "look for", "exercise", "teacher")
"""The parts of a chapter's text, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A prepared experiment, and the question that is asked before it is shown.

    Args:
        id: its name in links and in the browser's memory.
        title: its name for people.
        link: the set-up, as the query of a permalink of the app; or `preset:ID`, what the
            screening of the presets chose for that one.
        shows: which figure shows it, of `SHOWS`.
        controls: what a student can turn, of `CONTROLS`; one or two.
        question: what to predict.
        options: the answers to choose among.
        look_for: what to notice once the result is there.
        over: of a series: what it goes through, of `OVER`; otherwise empty.
        values: of a series: the stops, as a link writes them.
        page: the page that shows the set-up in full, of `PAGES`; empty: that of the link's kind.
    """

    id: str
    title: str
    link: str
    shows: str
    controls: tuple[str, ...]
    question: str
    options: tuple[str, ...]
    look_for: str
    over: str = ""
    values: tuple[str, ...] = ()
    page: str = ""

    @property
    def query(self) -> str:
        """Return the set-up as the query of a permalink, whatever the file calls it.

        Raises:
            UnknownNameError: a preset that is not offered.
        """
        preset = preset_of(self.link)
        return self.link if preset is None else links.to_link(preset.spec)

    @property
    def spec(self) -> links.AnySpec:
        """Return the spec of the set-up.

        Raises:
            InvalidInputError: the link cannot be read.
        """
        return links.from_link("&".join(w for w in self.query.split("&") if not _is_shown(w)))

    def filled(self, say: Callable[[str], str]) -> "Experiment":
        """Put what a preset's screening chose into the places {shown}, {target} and {eps}.

        Args:
            say: gives a class's name in the reader's language.
        """
        preset = preset_of(self.link)
        if preset is None:
            return self

        def fill(text: str) -> str:
            for name, value in preset.values.items():
                text = text.replace(f"{{{name}}}", say(value))
            return text

        return replace(
            self,
            title=fill(self.title),
            question=fill(self.question),
            options=tuple(map(fill, self.options)),
            look_for=fill(self.look_for),
        )

    @property
    def kind(self) -> str:
        """Name the kind of the spec, and with it the page that shows it in full."""
        return self.spec.kind


def preset_of(link: str) -> Chosen | None:
    """Find the preset that a link names; None where it is a permalink.

    Raises:
        UnknownNameError: no such preset, or nothing passed its gate.
    """
    if not link.startswith(PRESET):
        return None
    name, known = link.removeprefix(PRESET), offered()
    if name not in known:
        raise UnknownNameError(
            f"no preset is called {name[:40]!r}; `advviz presets` offers {', '.join(known)}"
        )
    return known[name]


def _is_shown(word: str) -> bool:
    return word.startswith("show.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter.

    Args:
        name: of its file, without the ending: it begins with the chapter's number.
        language: of its text.
        title: for people.
        summary: its idea in one sentence.
        experiments: at least one; the first is shown first.
        references: papers, each with its arXiv id where it has one.
        sections: Markdown with formulas between dollar signs, by the names of `SECTIONS`.
    """

    name: str
    language: str
    title: str
    summary: str
    experiments: tuple[Experiment, ...]
    references: tuple[str, ...]
    sections: Mapping[str, str] = field(hash=False)

    @property
    def number(self) -> int:
        """Return the number that the file's name begins with."""
        return int(self.name.partition("-")[0])

    def experiment(self, name: str | None) -> Experiment:
        """Find an experiment by its id; the first where there is none of that name."""
        found = (e for e in self.experiments if e.id == name)
        return next(found, self.experiments[0])
