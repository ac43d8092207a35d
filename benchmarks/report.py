"""RESULTS.md: each benchmark keeps a section of it, which a rerun replaces."""

import datetime
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
HEAD = (
    "# Benchmarks\n\n"
    "Written by the benchmarks themselves: each keeps one section, and a rerun replaces it.\n"
)
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def write(
    name: str,
    title: str,
    lines: Iterable[str],
    packages: Sequence[str] = (),
    *,
    part: str = "",
    dry: bool = False,
) -> None:
    """Print a section, and put it into RESULTS.md in the place of its former self.

    Args:
        name: of the benchmark's module.
        title: heading.
        lines: Markdown.
        packages: whose versions to name, besides those of Python and torch.
        part: which of the benchmark's sections it is, where it keeps several.
        dry: print only.
    """
    section = "\n".join([f"## {title}", "", *conditions(name, packages), "", *lines])
    print(section)
    if dry:
        return
    mark = f"{name} {part}".rstrip()
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else HEAD
    before, found, rest = text.partition(begin)
    after = rest.partition(end)[2] if found else ""
    parts = [before.rstrip("\n"), "", begin, section, end, after.lstrip("\n")]
    RESULTS.write_text("\n".join(parts).rstrip("\n") + "\n", encoding="utf-8")


def conditions(name: str, packages: Sequence[str]) -> list[str]:
    """Describe machine, versions, command and day."""
    import torch

    words = " ".join(shlex.quote(word) for word in sys.argv[1:])
    named = ", ".join(f"{package} {_version(package)}" for package in packages)
    return [
        f"- Processor: {processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        f"- Versions: Python {platform.python_version()}, torch {torch.__version__}"
        + (f", {named}" if named else ""),
        f"- Command: `python -m benchmarks.{name}{' ' + words if words else ''}`",
        f"- Day: {datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d %H:%M} UTC, "
        f"load before the run {_load:.1f}",
    ]


def processor() -> str:
    """Name the processor and those of its instructions that matter here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = set(facts.get("flags", "").split())
    has = ", ".join(f"{flag} {'yes' if flag in flags else 'no'}" for flag in FLAGS)
    family = f"family {facts.get('cpu family', '?')} model {facts.get('model', '?')}"
    return f"{facts.get('model name', platform.machine())} ({family}; {has})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


_load = os.getloadavg()[0]  # when the benchmark began: a busy machine shows
