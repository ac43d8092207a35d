"""Kill an evaluation with -9 half-way, resume it, and compare it with one that was left alone.

    python -m benchmarks.killed_evaluation --images FOLDER [--limit 500]

Two models, five eps, three attacks. Prints how much was kept and whether the figures are the same.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MODELS = ("tiny14-standard", "tiny14-robust-l2")
EPS = "0.25,0.5,1.0,1.5,2.0"


def command(images: Path, attacks: str, limit: int, steps: int, *more: str) -> list[str]:
    """Write the evaluation's command."""
    words = [sys.executable, "-m", "advviz", "evaluate", "--model", *MODELS]
    words += ["--images", str(images), "--attack", attacks, "--eps", EPS]
    return [*words, "--steps", str(steps), "--limit", str(limit), "--json", *more]


def figures(words: list[str], cache: Path) -> dict[str, Any]:
    """Run an evaluation to its end and return what it prints."""
    done = subprocess.run(
        words,
        env=os.environ | {"ADVVIZ_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kept(cache: Path) -> int:
    """Count the pieces that a cache holds."""
    return len(list(cache.glob("??/*.safetensors")))


def killed(words: list[str], cache: Path, at: int) -> int:
    """Run an evaluation until it has kept so many pieces, kill it, and return how many it kept."""
    running = subprocess.Popen(
        words,
        env=os.environ | {"ADVVIZ_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
    )
    while kept(cache) < at and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return kept(cache)


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--attacks", default="apgd-ce,apgd-t,square")
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--steps", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, half = Path(folder) / "whole", Path(folder) / "half"
        words = command(args.images, args.attacks, args.limit, args.steps)
        begun = time.monotonic()
        alone = figures(words, whole)
        seconds = time.monotonic() - begun
        total = kept(whole)
        count = killed(words, half, total // 2)
        begun = time.monotonic()
        resumed = figures([*words, "--resume"], half)
        again = time.monotonic() - begun
    print(f"left alone: {total} pieces in {seconds:.0f} s")
    print(f"killed with -9 when {count} pieces were kept; resumed in {again:.0f} s")
    print("the same figures" if alone == resumed else "THE FIGURES DIFFER")
    for result in resumed["results"]:
        for worst in result["worst_cases"]:
            print(
                f"{result['model']}: worst case at {worst['norm']} {worst['eps']:g} "
                f"{worst['value']:.3f} [{worst['low']:.3f}, {worst['high']:.3f}]"
            )


if __name__ == "__main__":
    main()
