"""Experiments computed in this process, with a progress bar where someone watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from advviz.cli.inputs import image_reference
from advviz.compute import Engine, Job
from advviz.compute.keys import key_of
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.experiments.specs import ExplainSpec, NoiseSpec, PredictSpec
from advviz.experiments.trust import TrustSpec

Compute = Callable[[Spec], Result]
Question = TypeVar(
    "Question",
    ExplainSpec,
    TrustSpec,
    NoiseSpec,
    PredictSpec,
    SmallestSpec,
    DefencesSpec,
    SurfaceSpec,
    AlikeSpec,
)


def check(spec: Spec) -> None:
    """Raise InvalidInputError where a spec names what does not exist; loads no torch."""
    key_of(spec)
    for needed in spec.prerequisites():
        check(needed)


@contextmanager
def computer() -> Iterator[Compute]:
    """Give a function that computes specs; what it started ends with the block.

    Every result is computed: none is taken from those that ship.
    """
    engine = Engine(use_shipped=False)

    def compute(spec: Spec) -> Result:
        check(spec)
        with progress_bar() as bar:
            return engine.run(spec, lambda job: _show(job, bar))

    try:
        yield compute
    finally:
        engine.close()


def answered(spec: Question) -> tuple[Question, Result]:
    """Compute a spec whose image may be a file's name; give it back with the image's reference.

    Raises:
        AdvvizError: the image cannot be read, or the computation failed.
    """
    spec = replace(spec, image=image_reference(spec.image))
    check(spec)
    with computer() as compute:
        return spec, compute(spec)


def _show(job: Job, bar: Any) -> None:
    if job.progress is not None:
        stage, done, total = job.progress
        bar.set_description(stage, refresh=False)
        bar.n, bar.total = done, total
        bar.refresh()


@contextmanager
def progress_bar(**options: Any) -> Iterator[Any]:
    """Open a progress bar on stderr; nothing is shown where that is no terminal."""
    from tqdm import tqdm

    with tqdm(disable=not sys.stderr.isatty(), leave=False, **options) as bar:
        yield bar
