"""Who else sees it? What each model of the shipped pair draws from noise, judged by both.

    python -m benchmarks.who_else

Ascent from noise on a class's logit, and on the logarithm of its probability: L2 40, 100 steps of
0.5, 20 pictures a class (seeds 0 to 19).
Prints the shares and writes them into assets/figures/who_else.json.
"""

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

from advviz.cli.computing import progress_bar
from advviz.evaluation.recognition import SCORES, Recognition, who_else
from advviz.featurevis.ascent import AscentParams
from advviz.models.records import pair
from advviz.resources import assets

PARAMS = AscentParams(eps=40.0, step_size=0.5, steps=100)
COMMAND = "python -m benchmarks.who_else"


def main() -> None:
    """Draw, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=20, help="pictures a class")
    parser.add_argument("--out", type=Path, help="default: assets/figures/who_else.json")
    args = parser.parse_args()
    models = [described.id for described in pair()]
    found: list[Recognition] = []
    for score, artist in product(SCORES, models):
        with progress_bar(unit="class", desc=f"{artist}, {score}") as bar:

            def report(done: int, total: int, bar: Any = bar) -> None:
                bar.total, bar.n = total, done
                bar.refresh()

            found += who_else(artist, models, PARAMS, range(args.pictures), report, score)
    content = {
        "what": "share of a model's drawings of a class that a model puts into that class",
        "eps": PARAMS.eps,
        "step_size": PARAMS.step_size,
        "steps": PARAMS.steps,
        "seeds": list(range(args.pictures)),
        "weights": {described.id: described.sha256 for described in pair()},
        "results": [one.as_dict() for one in found],
        "command": COMMAND,
    }
    out = args.out or assets() / "figures" / "who_else.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for one in found:
        print(
            f"drawn by {one.drawn_by} by {one.score}, seen by {one.seen_by}: {one.share}, "
            f"n = {one.share.n}"
        )


if __name__ == "__main__":
    main()
