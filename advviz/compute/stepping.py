"""One step of a crew of jobs: answer the questions of their procedures."""

import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from advviz.compute.job import Job
from advviz.compute.store import ModelStore
from advviz.errors import AdvvizError
from advviz.experiments.result import Result

PREVIEW_EVERY = 0.25  # seconds

Outcome = Result | Exception | None
"""A job's result, what ended it, or None while it goes on."""


def step(crew: Sequence[Job], store: ModelStore) -> list[Outcome]:
    """Advance jobs about one model to their next questions, and answer all of those.

    Args:
        crew: more than one only where the store merges.
        store: answers.

    Returns:
        What became of each job.
    """
    outcomes: dict[Job, Outcome] = {}
    questions: dict[Job, Any] = {}
    for job in crew:
        try:
            questions[job] = _question(job, store)
        except StopIteration as finished:
            outcomes[job] = _finished(job, finished.value, store)
        except Exception as error:
            outcomes[job] = error
    for job, reply in _replies(questions, store).items():
        outcomes[job] = reply if isinstance(reply, Exception) else None
        job.reply = reply
        job.degraded |= getattr(reply, "degraded", False)
        if outcomes[job] is None:
            job.steps += 1
            job.rows += len(getattr(questions[job], "images", ()))
    return [outcomes[job] for job in crew]


def _question(job: Job, store: ModelStore) -> Any:
    if job.procedure is None:
        results = [_result(needed) for needed in job.needs]
        job.procedure = job.spec.procedure(results, store.device)
        job.reply = None
    question = job.procedure.send(job.reply)
    _show(job, question.progress)
    return question


def _replies(questions: dict[Job, Any], store: ModelStore) -> dict[Job, Any]:
    """Answer questions; one that cannot be answered gets the exception that says why."""
    if len(questions) > 1:
        spec = next(iter(questions)).spec
        try:
            replies = store.respond_all(spec.model, [*questions.values()], spec.numerics)
            return dict(zip(questions, replies, strict=True))
        except Exception:  # one of them is to blame: ask for each alone
            return _each(questions, store)
    return _each(questions, store)


def _each(questions: dict[Job, Any], store: ModelStore) -> dict[Job, Any]:
    replies = {}
    for job, question in questions.items():
        try:
            replies[job] = store.respond(job.spec.model, question, job.spec.numerics)
        except Exception as error:
            replies[job] = error
    return replies


def _finished(job: Job, result: Result, store: ModelStore) -> Outcome:
    """Add to a result how it was computed."""
    try:
        facts = {"numerics": store.numerics(job.spec.model, job.spec.numerics), **result.facts}
    except Exception as error:
        return error
    if job.degraded:
        facts["degraded"] = True
    return Result(result.arrays, MappingProxyType(facts))


def _result(job: Job) -> Result:
    if job.result is None:
        raise AdvvizError("the result that this experiment starts from is gone; run it again")
    return job.result


def _show(job: Job, progress: Any) -> None:
    if progress is None:
        return
    job.progress = (progress.stage, progress.done, progress.total)
    if progress.partial is not None:
        job.partial = {k: v.detach().cpu().numpy().copy() for k, v in progress.partial.items()}
    now = time.monotonic()
    if progress.preview is not None and now >= job.previewed_at + PREVIEW_EVERY:
        job.preview = progress.preview.detach().float().cpu().numpy().copy()
        job.previewed_at = now
