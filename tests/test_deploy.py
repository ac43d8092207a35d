"""The files of `deploy/`: what they copy exists, what they call can be called."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from advviz.cli.app import add_arguments
from advviz.cli.entry import parse
from advviz.errors import InvalidInputError

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    joined = CONTAINER.replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def copied() -> list[str]:
    words = [line.split() for line in instructions("COPY") if not line.startswith("--from")]
    return [source for *sources, _ in words for source in sources]


def test_a_wheel_can_be_built_from_what_the_container_copies(tmp_path: Path):
    """Without network and git, as in the build; it holds the pages and the weights."""
    for name in copied():
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "screenshots")
            shutil.copytree(ROOT / name, tmp_path / "src" / name, ignore=ignored)
        else:
            (tmp_path / "src").mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "src" / name)
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path / "src", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("pages/home.py", "assets/models/tiny14-standard.safetensors", "ui/styles.css"):
        assert f"advviz/{wanted}" in names


def test_the_extras_that_the_container_installs_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', CONTAINER)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_the_containers_command_is_one_and_answers_on_the_port_that_is_told():
    (words,) = (json.loads(line) for line in instructions("CMD")[-1:])
    assert words.pop(0) == "advviz"
    args = parse(words)
    assert (args.host, args.no_browser) == ("0.0.0.0", True)
    assert instructions("EXPOSE") == [args.port]
    front = (DEPLOY / "huggingface" / "README.md").read_text().split("---")[1]
    told = dict(line.split(": ", 1) for line in front.strip().splitlines())
    assert (told["sdk"], told["app_port"]) == ("docker", args.port)
    assert f":{args.port};" in (DEPLOY / "nginx" / "advviz.conf").read_text()


def test_everything_that_is_copied_reaches_the_build():
    lines = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == set(copied())


@pytest.mark.parametrize("page", ["class-server.md", "huggingface/README.md"])
def test_links_and_options_of_the_notes_are_there(page: str):
    text = (DEPLOY / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
        assert ((DEPLOY / page).parent / target).exists(), target
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for line in re.findall(r"advviz app (.+)", text):
        for option in re.findall(r"--[\w-]+", line):
            assert option in parser.format_help(), option


@pytest.mark.parametrize("given", ["a b", "lab?x", "../up", "läb", "a//b"])
def test_a_path_that_is_no_path_is_refused(given: str):
    from advviz.cli import app

    with pytest.raises(InvalidInputError, match="--base-path must be"):
        app.execute(parse(["app", "--base-path", given]))
