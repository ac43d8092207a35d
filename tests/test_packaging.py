"""The project from outside: the two commands, the wheel, and what importing costs."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from advviz import resources
from advviz.errors import AdvvizError

ROOT = Path(__file__).resolve().parent.parent
CORE = "attacks data errors explain featurevis models noise objectives pictures protocol resources"
CORE_ROOMS = (*CORE.split(), "experiments", "threat_models", "training")
TORCH_FREE = (
    "advviz",
    "advviz.compute",
    "advviz.data.decoding",
    "advviz.data.gallery",
    "advviz.data.images",
    "advviz.data.uploads",
    "advviz.errors",
    "advviz.experiments",
    "advviz.models.downloads",
    "advviz.models.records",
    "advviz.pictures",
    "advviz.resources",
    "advviz.ui",
)


def python(code: str, *, path: Path = ROOT, cwd: Path | None = None) -> str:
    """Run code in a fresh interpreter that finds advviz in `path` before anywhere else."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=cwd or path,
        env=os.environ | {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the wheel ---------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("advviz-*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """Unpack the wheel, which is all that installing this one does to its files."""
    folder = wheel.parent / "site-packages"
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.mark.parametrize("name", [".streamlit", "assets", "pages", "advviz"])
def test_the_wheel_carries_every_file_of(name: str, unpacked: Path) -> None:
    there = unpacked / "advviz" / name if name != "advviz" else unpacked / "advviz"
    files = [file.relative_to(ROOT / name) for file in (ROOT / name).rglob("*") if file.is_file()]
    wanted = [file for file in files if not {"__pycache__", "screenshots"} & {*file.parts}]
    assert wanted, f"the checkout has no files in {name}"
    assert [file for file in wanted if not (there / file).is_file()] == []


def test_the_wheel_carries_nothing_else(unpacked: Path) -> None:
    assert sorted(path.name.split("-")[0] for path in unpacked.iterdir()) == ["advviz"] * 2
    assert not list(unpacked.rglob("screenshots"))
    assert not list(unpacked.rglob("test_*"))


def test_the_wheel_has_the_command_the_licence_and_the_types_marker(unpacked: Path) -> None:
    (described,) = unpacked.glob("*.dist-info")
    assert "advviz = advviz.cli:main" in (described / "entry_points.txt").read_text()
    assert (described / "licenses" / "LICENSE").is_file()
    assert (unpacked / "advviz" / "py.typed").is_file()


def test_the_wheel_weighs_no_more_than_the_models_need(wheel: Path) -> None:
    assert wheel.stat().st_size < 48e6


def test_the_wheel_finds_its_own_folders(unpacked: Path, tmp_path: Path) -> None:
    found = python(
        """
        from advviz import resources
        print(resources.assets(), resources.pages(), resources.entry_script(), sep="\\n")
        """,
        path=unpacked,
        cwd=tmp_path,
    )
    assert [Path(line) for line in found.splitlines()] == [
        unpacked / "advviz" / "assets",
        unpacked / "advviz" / "pages",
        unpacked / "advviz" / "ui" / "main.py",
    ]


def test_the_wheel_lists_its_models(unpacked: Path, tmp_path: Path) -> None:
    printed = python(
        "import sys; from advviz.cli import main; sys.exit(main(['models', '--json']))",
        path=unpacked,
        cwd=tmp_path,
    )
    assert {record["id"] for record in json.loads(printed)} >= {
        "tiny14-standard",
        "tiny14-robust-l2",
    }


@pytest.mark.slow
def test_the_wheel_serves_the_app(unpacked: Path, tmp_path: Path) -> None:
    printed = python(
        """
        from pathlib import Path
        from streamlit.testing.v1 import AppTest
        from advviz import resources

        here = Path(resources.__file__).parent
        app = AppTest.from_file(str(resources.entry_script()), default_timeout=120).run()
        print([error.value for error in app.exception] + [error.value for error in app.error])
        print("Recompute" in [button.label for button in app.button])
        """,
        path=unpacked,
        cwd=tmp_path,
    )
    assert printed.splitlines() == ["[]", "True"]


# --- resources in a checkout --------------------------------------------------


def test_a_checkout_finds_its_folders_and_its_entry_script() -> None:
    assert resources.assets() == ROOT / "assets"
    assert resources.pages() == ROOT / "pages"
    assert resources.entry_script().is_file()
    assert resources.entry_script().parent not in resources.pages().parents


def test_a_missing_folder_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "advviz")
    with pytest.raises(AdvvizError, match=r"folder assets of advviz is missing .* install advviz"):
        resources.assets()


# --- what importing costs ------------------------------------------------------


@pytest.mark.parametrize("module", TORCH_FREE)
def test_imports_without_torch(module: str) -> None:
    loaded = python(f"import sys, {module}; print('torch' in sys.modules)")
    assert loaded.strip() == "False"


def test_the_core_imports_with_torch_torchvision_safetensors_and_numpy_alone() -> None:
    """Everything else is made unimportable; Pillow comes with torchvision."""
    imported = python(
        f"""
        import importlib, pkgutil, sys
        from importlib.abc import MetaPathFinder

        class Absent(MetaPathFinder):
            names = {{"captum", "foolbox", "httpx2", "huggingface_hub", "matplotlib", "pandas",
                     "plotly", "requests", "scipy", "skimage", "streamlit", "timm", "tqdm"}}
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in self.names:
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, Absent())
        rooms = {CORE_ROOMS!r}
        for room in rooms:
            module = importlib.import_module("advviz." + room)
            inside = getattr(module, "__path__", ())
            for found in pkgutil.walk_packages(inside, module.__name__ + "."):
                importlib.import_module(found.name)
        print(sum(name.startswith("advviz.") for name in sys.modules))
        """
    )
    assert int(imported) > len(CORE_ROOMS)


# --- the commands of the README --------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Import run.py, with an environment that exists and installs nothing."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "install", lambda _python, extras: installs.append(list(extras)))
    monkeypatch.setattr(module, "make", lambda folder: folder.mkdir(exist_ok=True))
    monkeypatch.setattr(module, "hand_over", lambda words: handed.append(words) or 0)
    installs: list[list[str]] = []
    handed: list[list[str]] = []
    module.installs, module.handed = installs, handed
    return module


def test_the_second_run_installs_nothing(run, tmp_path: Path) -> None:
    run.prepared(tmp_path)
    run.prepared(tmp_path)
    assert run.installs == [[]]


def test_an_extra_is_added_once_and_kept(run, tmp_path: Path) -> None:
    for extras in [("test",), (), ("lint",), ("test",)]:
        run.prepared(tmp_path, *extras)
    assert run.installs == [["test"], ["lint", "test"]]


def test_a_change_of_what_is_needed_installs_again(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.prepared(tmp_path)
    monkeypatch.setattr(run, "state", lambda: "another")
    run.prepared(tmp_path)
    assert run.installs == [[], []]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"state": 1, "extras": 2}'])
def test_a_damaged_stamp_counts_as_none(content: str, run, tmp_path: Path) -> None:
    stamp = tmp_path / "advviz-installed.json"
    stamp.write_text(content)
    assert run.read_stamp(stamp) == set()


def test_a_failed_installation_is_tried_again(run, tmp_path: Path) -> None:
    def fail(_python: Path, _extras: list[str]) -> None:
        raise SystemExit("advviz was not installed")

    run.install, works = fail, run.install
    with pytest.raises(SystemExit):
        run.prepared(tmp_path)
    run.install = works
    run.prepared(tmp_path)
    assert run.installs == [[]]


def test_an_active_environment_is_used(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/home/me/env")
    assert run.environment() == Path("/home/me/env")
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert run.environment() == ROOT / ".venv"


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        (["app", "--port", "8600"], ["-m", "advviz", "app", "--port", "8600"]),
        (["models", "--json"], ["-m", "advviz", "models", "--json"]),
        (["test", "-k", "pgd"], ["-m", "pytest", "-k", "pgd"]),
    ],
)
def test_words_are_handed_on(
    words: list[str],
    handed: list[str],
    run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # put back afterwards: `test` changes to the checkout
    monkeypatch.setattr(run, "environment", lambda: tmp_path / ".venv")
    assert run.main(words) == 0
    assert run.handed[0][1:] == handed


def test_the_readme_gives_the_two_commands_and_ci_calls_them() -> None:
    commands = re.findall(r"^python3 run\.py \w+$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {"python3 run.py app", "python3 run.py test"} <= set(commands)
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("\npython3 run.py test")


def test_every_direct_dependency_has_a_tested_version() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [re.match(r"[\w-]+", line)[0] for line in sum(extras, project["dependencies"])]
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert not {*map(normal, wanted)} - {*map(normal, pinned)}


def normal(name: str) -> str:
    """A package's name as the index has it."""
    return name.lower().replace("_", "-")


# --- a skipped browser test --------------------------------------------------------

SUITE = """
import pytest

@pytest.mark.browser
def test_looks_at_a_page():
    {body}

def test_looks_at_nothing():
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Make a suite with one browser test, under this project's conftest.py."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makepyprojecttoml('[tool.pytest]\nmarkers = ["browser", "gpu", "network"]')
    monkeypatch.delenv("ADVVIZ_REQUIRE_BROWSER", raising=False)

    def outcomes(body: str) -> dict[str, int]:
        pytester.makepyfile(SUITE.format(body=body))
        done = pytester.runpytest_subprocess("-rs", "-p", "no:cacheprovider")
        return done.parseoutcomes() | {"exit": int(done.ret)}

    return outcomes


def test_without_a_browser_the_rest_runs(suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert suite("pass") == {"passed": 1, "skipped": 1, "exit": 0}


@pytest.mark.parametrize("body", ["pytest.skip('why')", "pass"])
def test_where_a_browser_is_required_a_skip_is_a_failure(
    body: str, suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVVIZ_REQUIRE_BROWSER", "1")
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium" if body == "pass" else sys.executable)
    where = "errors" if body == "pass" else "failed"  # skipped before, or by, the test itself
    assert suite(body) == {"passed": 1, where: 1, "exit": 1}


def test_where_a_browser_is_required_a_run_without_one_fails(
    suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVVIZ_REQUIRE_BROWSER", "1")
    monkeypatch.setenv("CHROMIUM", sys.executable)  # any program: the test does not start it
    assert suite("pass") == {"passed": 2, "exit": 0}
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    assert suite("pass")["exit"] == 1
