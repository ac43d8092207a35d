"""The engine's tests test the engine that they are told to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CONFORMANCE = (
    "test_engine.py",
    "test_engine_failures.py",
    "test_engine_order.py",
    "test_engine_prerequisites.py",
    "test_engine_views.py",
)
BOUND = 500.0  # seconds; what hangs ends there
PROGRAM = """
from advviz.compute import Engine


class Other(Engine):
    def submit(self, spec, *args, **words):
        print("another engine was asked")
        return super().submit(spec, *args, **words)


class Forgetful(Other):
    def submit(self, spec, *args, **words):
        return super().submit(spec, *args, **words | {"fresh": True})

    def peek(self, spec):
        return None


def other(store, **words):
    return Other(store, use_shipped=False, **words)


def forgetful(store, **words):
    return Forgetful(store, use_shipped=False, **words)
"""


@pytest.fixture
def tested(tmp_path):
    """Run the engine's tests on an engine of the program above."""
    (tmp_path / "another_engine.py").write_text(PROGRAM)

    def run(factory: str, *words: str) -> subprocess.CompletedProcess[str]:
        places = (str(tmp_path), str(TESTS.parent), os.environ.get("PYTHONPATH", ""))
        variables = os.environ | {
            "ADVVIZ_ENGINE": f"another_engine:{factory}",
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            "ADVVIZ_REQUIRE_BROWSER": "",
        }
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rfP", *words]
        return subprocess.run(
            command, cwd=TESTS, env=variables, capture_output=True, text=True, timeout=BOUND
        )

    return run


def test_another_engine_is_held_to_the_same_tests(tested):
    """All of them, and it is the other one that is asked."""
    done = tested("other", "-x", *CONFORMANCE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "another engine was asked" in done.stdout


def test_an_engine_that_breaks_its_promises_is_found_out(tested):
    """One that remembers nothing, by the tests of what is known."""
    done = tested("forgetful", "test_engine.py", "-k", "known_result")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-3000:]
    assert "FAILED test_engine.py::test_a_known_result_is_there_at_once" in done.stdout


def test_this_engines_insides_are_tested_whatever_is_chosen(tested):
    """They are no promise of another."""
    done = tested("other", "test_engine_worker.py", "-k", "grace")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "another engine was asked" not in done.stdout
