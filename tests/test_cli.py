"""The command line: which command is meant, and how it ends."""

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from command_line import ROBUST, STANDARD, called, complaint, names, process

from advviz import resources
from advviz.cli import app, main
from advviz.cli.entry import COMMANDS
from advviz.compute.disk import DiskCache
from advviz.experiments.result import Result
from advviz.models.records import catalogue

# --- which command ------------------------------------------------------------


def test_help_names_every_command_and_loads_little():
    code = (
        "import sys; from advviz.cli import main; code = main(['--help']);"
        "print(code, {'torch', 'numpy', 'PIL', 'streamlit'} & set(sys.modules))"
    )
    with process("-c", code) as done:
        out, err = done.communicate()
    assert out.splitlines()[-1] == "0 set()"
    assert err == ""
    for name in ("app", "models", "attack", "explain", "visualize", "evaluate", "train"):
        assert f"\n    {name}" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    assert f"usage: advviz {name}" in called(capsys, name, "--help")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["atack"], "invalid choice: 'atack'"),
        (["models", "--jsn"], "unrecognized arguments: --jsn"),
        (["attack", "x.png"], "the following arguments are required: --model"),
        (["visualize", "--model", STANDARD], "one of the arguments --class --unit --channel"),
        (["visualize", "--model", STANDARD, "--class", "cat", "--unit", "1"], "not allowed with"),
    ],
)
def test_words_that_are_no_command(words, sentence, capsys):
    assert sentence in complaint(capsys, *words)


def test_the_version(capsys):
    assert called(capsys, "--version").startswith("advviz 0.")


def test_models_lists_the_records(capsys):
    records = json.loads(called(capsys, "models", "--json"))
    assert [record["id"] for record in records] == list(catalogue())
    assert records[0]["classes"] == list(catalogue()[records[0]["id"]].classes)
    assert records[0]["sha256"] in (record.sha256 for record in catalogue().values())
    assert f"{ROBUST}: " in called(capsys, "models")


# --- release, app, signals ----------------------------------------------------


def test_release_writes_beside_the_shipped_models(tmp_path, monkeypatch, capsys):
    run, shipped = tmp_path / "run", tmp_path / "assets"
    run.mkdir()
    (run / "epoch-02.safetensors").write_bytes(b"weights")
    (run / "recipe.json").write_text(json.dumps({"mean": [0.5] * 3, "std": [0.2] * 3}))
    monkeypatch.setattr("advviz.cli.train.assets", lambda: shipped)
    printed = called(capsys, "train", STANDARD, "--out", run, "--release", "2")
    assert Path(printed.strip()) == shipped / "models" / f"{STANDARD}.json"
    assert (shipped / "models" / f"{STANDARD}.safetensors").read_bytes() == b"weights"
    assert resources.assets() != shipped


def test_app_starts_the_launcher(monkeypatch, capsys):
    calls = []

    class Launcher:
        @staticmethod
        def serve(**options):
            calls.append(options)

    monkeypatch.setattr(app, "import_module", lambda name: calls.append(name) or Launcher)
    called(capsys, "app", "--host", "0.0.0.0", "--port", "8600", "--no-browser")
    told = {"host": "0.0.0.0", "port": 8600, "browser": False, "base_path": ""}
    assert calls == ["advviz.ui.launcher", told]
    assert "port must lie in [1, 65535]" in complaint(capsys, "app", "--port", "65536")


def test_the_launcher_serves_as_it_is_called():
    import inspect

    from advviz.ui import launcher

    inspect.signature(launcher.serve).bind(host="127.0.0.1", port=8501, browser=True)


def test_interrupted_it_says_nothing_and_writes_nothing(tmp_path):
    words = f"attack sample:jeep --model {STANDARD} --steps 1000 --restarts 50 --out new --json"
    code = (
        "import sys; from advviz.cli import computing, main;"
        "show, ready = computing._show, iter(['ready\\n']);"
        "computing._show = lambda job, bar: (show(job, bar),"
        " job.progress and print(next(ready, ''), end='', flush=True));"
        f"sys.exit(main({words.split()}))"
    )
    started = process("-c", code, cwd=tmp_path, start_new_session=True)
    assert started.stdout.readline() == "ready\n"  # in the search
    os.kill(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=300)
    assert (started.returncode, out, err) == (130, "", "")
    assert names(tmp_path) == []


def test_a_closed_pipe_is_no_error():
    code = (
        "import sys; from advviz.cli import main; sys.stdin.read();"
        "sys.exit(main(['models', '--json']))"
    )
    started = process("-c", code, stdin=subprocess.PIPE)
    started.stdout.close()
    started.stdin.close()  # only now it writes
    err = started.stderr.read()
    assert (started.wait(), err) == (141, "")
    started.stderr.close()


# --- cache --------------------------------------------------------------------


def test_the_cache_is_measured_verified_and_emptied(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path))
    cache = DiskCache(tmp_path)
    for key in ("aa" * 20, "bb" * 20):
        cache.put(key, Result.of({"array": np.zeros(3)}, {}))
    damaged = next(tmp_path.glob("bb/*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])

    def printed(action):
        assert main(["cache", action, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert printed("info")["results"] == 2
    assert printed("verify") == {"kept": 1, "damaged": 1}
    assert printed("clear") == {"removed": 1}
    assert printed("info") == {"folder": str(tmp_path), "results": 0, "bytes": 0}


# --- classes ------------------------------------------------------------------


@pytest.mark.parametrize("words", ["goldfish", "n01443537", "GoldFish"])
def test_a_class_may_be_given_by_name_or_wordnet_id(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    of = ("--model", STANDARD, "--json")
    attack = called(capsys, "attack", "sample:jeep", "--target", words, "--steps", 1, *of)
    explain = called(capsys, "explain", "sample:jeep", "--explained", words, *of)
    drawing = called(capsys, "visualize", "--class", words, "--steps", 1, *of)
    assert json.loads(attack)["target"] == json.loads(explain)["explained"] == "goldfish"
    assert "target=goldfish" in json.loads(attack)["link"]
    assert json.loads(drawing)["unit"] == "class:goldfish"
