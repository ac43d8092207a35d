"""Who else sees it? What one model draws, shown to another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from advviz.evaluation.wilson import Share
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import ModelRecord, record
from advviz.noise import Noise
from advviz.objectives import Logit, towards
from advviz.protocol import Query, Respondent, run

LOG_PROBABILITY, LOGIT = SCORES = "log-probability", "logit"
"""What the drawing of a class may raise."""
Report = Callable[[int, int], None]
"""Called with classes done and classes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How many of one model's drawings a model puts into the class that was drawn."""

    drawn_by: str
    seen_by: str
    score: str
    by_class: dict[str, Share]

    @property
    def share(self) -> Share:
        """Return the share over all classes."""
        shares = self.by_class.values()
        return Share(sum(s.successes for s in shares), sum(s.n for s in shares))

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "drawn_by": self.drawn_by,
            "seen_by": self.seen_by,
            "score": self.score,
            "n": self.share.n,
            **self.share.as_dict(),
            "by_class": {name: share.value for name, share in self.by_class.items()},
        }


def drawings(
    classifier: Respondent,
    described: ModelRecord,
    name: str,
    params: AscentParams,
    seeds: Sequence[int],
    score: str = LOG_PROBABILITY,
) -> Tensor:
    """Draw a class once for each seed, from the noise that `VisualizeSpec` starts from.

    Args:
        classifier: of the model that draws.
        described: its record.
        name: of the class.
        params: of plain ascent.
        seeds: of the noise.
        score: what is raised, the class's "logit" or its "log-probability".

    Returns:
        Pictures [len(seeds), 3, S, S].
    """
    like = torch.zeros(1, 3, described.input_size, described.input_size)
    start = torch.cat([noise_images(like, Noise(seed)) for seed in seeds])
    wanted = torch.full((len(seeds),), described.class_index(name))
    objective = Logit(wanted) if score == LOGIT else towards(wanted)
    # The starts differ, so each row has random numbers of its own under a single seed.
    return run(ascent(start, objective, params, noise=Noise(0)), classifier).pictures


def who_else(
    artist: str,
    viewers: Sequence[str],
    params: AscentParams,
    seeds: Sequence[int],
    report: Report | None = None,
    score: str = LOG_PROBABILITY,
) -> tuple[Recognition, ...]:
    """Let a model draw each of its classes, and ask models what they see.

    Args:
        artist: id of the model that draws.
        viewers: ids of the models that are asked; the artist may be among them.
        params: of plain ascent from noise.
        seeds: one picture a class for each.
        report: receives progress.
        score: what the ascent raises, the class's "logit" or its "log-probability".
    """
    described = record(artist)
    painter = Classifier(load_model(artist))
    eyes = {viewer: Classifier(load_model(viewer)) for viewer in viewers}
    seen: dict[str, dict[str, Share]] = {viewer: {} for viewer in viewers}
    for done, name in enumerate(described.classes, start=1):
        pictures = drawings(painter, described, name, params, seeds, score)
        for viewer, classifier in eyes.items():
            answer = classifier.answer(Query(pictures, gradient=False, exact=True))
            hits = answer.logits.argmax(1) == record(viewer).class_index(name)
            seen[viewer][name] = Share(int(hits.sum()), len(seeds))
        if report is not None:
            report(done, len(described.classes))
    return tuple(
        Recognition(drawn_by=artist, seen_by=viewer, score=score, by_class=seen[viewer])
        for viewer in viewers
    )
