"""One step of a job: answer its procedure's question."""

import time
from types import MappingProxyType
from typing import Any

from advviz.compute.job import Job
from advviz.compute.store import ModelStore
from advviz.errors import AdvvizError
from advviz.experiments.result import Result

PREVIEW_EVERY = 0.25  # seconds


def step(job: Job, store: ModelStore) -> Result | None:
    """Advance a job to its next question and answer it.

    Returns:
        The result when the procedure is finished, else None.
    """
    if job.procedure is None:
        job.procedure = job.spec.procedure([_result(needed) for needed in job.needs])
        job.reply = None
    try:
        request = job.procedure.send(job.reply)
    except StopIteration as finished:
        result: Result = finished.value
        numerics = store.numerics(job.spec.model, job.spec.numerics)
        return Result(result.arrays, MappingProxyType({"numerics": numerics, **result.facts}))
    _show(job, request.progress)
    job.reply = store.respond(job.spec.model, request, job.spec.numerics)
    return None


def _result(job: Job) -> Result:
    if job.result is None:
        raise AdvvizError("the result that this experiment starts from is gone; run it again")
    return job.result


def _show(job: Job, progress: Any) -> None:
    if progress is None:
        return
    job.progress = (progress.stage, progress.done, progress.total)
    now = time.monotonic()
    if progress.preview is not None and now >= job.previewed_at + PREVIEW_EVERY:
        job.preview = progress.preview.detach().float().cpu().numpy().copy()
        job.previewed_at = now
