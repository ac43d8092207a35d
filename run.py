"""Make an environment where one is needed, install advviz into it, and run it.

    python3 run.py app      open the app
    python3 run.py test     run all tests
    python3 run.py check    check style, types and layers

Every other command of advviz works too: `python3 run.py attack --help`.
Needs Python 3.11 or newer and nothing else. Inside a virtual environment it installs there,
otherwise into .venv beside this file; only the first run, or one after a change of
pyproject.toml or constraints.txt, takes minutes.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, rather than by pip
    sys.exit(f"advviz needs Python 3.11 or newer, got {sys.version.split()[0]}.")

ROOT = Path(__file__).resolve().parent
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
)


def main(words: Sequence[str]) -> int:
    """Run one command; the words after it are handed on."""
    command, *rest = words or ["--help"]
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    if command == "test":
        python = prepared(environment(), "test")
        os.chdir(ROOT)
        return hand_over([python, "-m", "pytest", *rest])
    if command == "check":
        return check(Path(prepared(environment(), "lint")).parent)
    return hand_over([prepared(environment()), "-m", "advviz", command, *rest])


def environment() -> Path:
    """Name the virtual environment that is active, or the one beside this file."""
    return Path(sys.prefix) if sys.prefix != sys.base_prefix else ROOT / ".venv"


def prepared(folder: Path, *extras: str) -> str:
    """Install advviz with its extras into an environment, unless that is done already.

    Args:
        folder: the environment; made where there is none.
        extras: names of optional dependencies in pyproject.toml.

    Returns:
        The path of the environment's Python.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        make(folder)
    stamp = folder / "advviz-installed.json"
    installed = read_stamp(stamp)
    if not installed.issuperset({"", *extras}):
        wanted = installed | {"", *extras}
        install(python, sorted(wanted - {""}))
        stamp.write_text(json.dumps({"state": state(), "extras": sorted(wanted)}))
    return str(python)


def state() -> str:
    """Digest what an installation depends on."""
    files = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"\0".join([str(ROOT).encode(), *files])).hexdigest()


def read_stamp(stamp: Path) -> set[str]:
    """Read which extras are installed as they should be; the empty name is advviz itself."""
    try:
        content = json.loads(stamp.read_text())
        return set(content["extras"]) if content["state"] == state() else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def make(folder: Path) -> None:
    """Make a virtual environment."""
    print(f"Making an environment in {folder} ...", file=sys.stderr, flush=True)
    words = [sys.executable, "-m", "venv", "--clear", str(folder)]
    if subprocess.run(words, stdout=sys.stderr, check=False).returncode:
        sys.exit(
            f"Python could not make an environment in {folder}; "
            "on Debian and Ubuntu, `apt install python3-venv` adds what is missing."
        )


def install(python: Path, extras: Sequence[str]) -> None:
    """Install this checkout and the tested versions of what it needs."""
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
        subprocess.run([python, "-m", "ensurepip"], stdout=sys.stderr, check=False)
    what = f".[{','.join(extras)}]" if extras else "."
    words = ["install", "--disable-pip-version-check", "-c", "constraints.txt", "-e", what]
    print("Installing advviz; the first time, this takes minutes ...", file=sys.stderr, flush=True)
    command = [str(python), "-m", "pip", *words]
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False).returncode:
        sys.exit("advviz was not installed: pip's message above says why; then run this again.")


def check(scripts: Path) -> int:
    """Run every check, also after one that failed; the first failure's exit code counts."""
    codes = [
        subprocess.run([scripts / tool, *words], cwd=ROOT, check=False).returncode
        for tool, *words in CHECKS
    ]
    return next((code for code in codes if code), 0)


def hand_over(command: Sequence[str]) -> int:
    """Become another program, so that it receives Ctrl-C and signals itself."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], list(command))
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
