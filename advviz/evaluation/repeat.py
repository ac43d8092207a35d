"""All that is needed to repeat an evaluation: its command, versions, digests and seeds."""

import hashlib
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from advviz import __version__
from advviz.compute.keys import environment
from advviz.evaluation.plan import Plan
from advviz.evaluation.tally import Tally
from advviz.fields import written
from advviz.models.records import record
from advviz.models.shelf import digest

LIBRARIES = ("torch", "torchvision", "numpy", "pillow", "foolbox")


def command(plan: Plan, source: str | None = None) -> str:
    """Write the command that measures the same.

    Args:
        plan: what was measured.
        source: what the command calls the images; by default, as the plan does.
    """
    words = ["advviz", "evaluate", "--model", ",".join(plan.models)]
    words += ["--images", plan.source if source is None else source]
    words += ["--attack", ",".join(plan.attacks), "--norm", ",".join(plan.norms)]
    one = len(plan.norms) == 1
    words += ["--eps", ",".join(f"{'' if one else b.norm + ':'}{b.eps!r}" for b in plan.budgets)]
    for name, value in plan.shared:
        words += [f"--{name.replace('_', '-')}", written(value)]
    for attack, name, value in plan.own:
        words += ["--set", f"{attack}.{name}={written(value)}"]
    words += ["--seed", str(plan.seed), "--numerics", plan.numerics, "--checks", plan.checks]
    if plan.limit is not None:
        words += ["--limit", str(plan.limit)]
    return shlex.join(words)


def repeated(tally: Tally) -> dict[str, Any]:
    """Return all that is needed to repeat what was measured, as JSON has it."""
    work = tally.work
    return {
        "command": command(work.plan, "FOLDER" if work.private else None),
        "advviz": __version__,
        "python": platform.python_version(),
        "libraries": versions(),
        "environment": environment().partition(", ")[0] + f", {platform.machine()}",
        "seed": work.plan.seed,
        "weights_sha256": {model: digest(record(model)) for model in work.plan.models},
        "images_blake2b": {str(size): _together(of) for size, of in sorted(work.digests.items())},
        "numerics": dict(tally.numerics),
        "pieces_with_short_memory": tally.degraded,
    }


def _together(digests: Sequence[str]) -> str:
    """Name many images, in their order, by one digest."""
    return hashlib.blake2b("|".join(digests).encode(), digest_size=16).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of the libraries that a result depends on, of those installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
