"""Serves the app with models of a thousand classes, answered by the fake engine.

Run `python thousand_classes.py PORT`. No such model ships; what is under test is the interface.
"""

import sys
from dataclasses import replace
from types import MappingProxyType

from fake_engine import FakeEngine

from advviz.models import records
from advviz.ui import launcher, state

REAL = {"goldfish": "n01443537", "tabby": "n02123045", "jeep": "n03594945", "groom": "n10148035"}
KINDS = (
    "shark", "ray", "cock", "hen", "finch", "owl", "newt", "frog", "turtle", "gecko", "snake",
    "spider", "grouse", "parrot", "duck", "goose", "snail", "crab", "stork", "heron", "whale",
    "seal", "terrier", "hound", "spaniel", "retriever", "collie", "mastiff", "wolf", "fox",
    "cat", "bear", "beetle", "ant", "butterfly", "hare", "hamster", "boar", "ram", "monkey",
)  # fmt: skip
MARKS = (
    "white", "black", "great", "little", "tiger", "desert", "house", "green", "ruddy",
    "spotted", "golden", "water", "snow", "Welsh", "Irish", "Norwich", "Siberian", "African",
    "common", "striped", "miniature", "giant", "horned", "king", "old",
)  # fmt: skip


def classes() -> dict[str, str]:
    """Name a thousand classes, as alike as ImageNet's and with ids as alike; a few are real."""
    names = [*REAL, *(f"{mark} {kind}" for kind in KINDS for mark in MARKS)][:1000]
    numbered = {name: f"n{2_000_000 + 3571 * number:08}" for number, name in enumerate(names)}
    return numbered | REAL


def main() -> None:
    """Put the models and the engine in place, and serve."""
    named = classes()
    wordnet_ids = {name: (wordnet_id,) for name, wordnet_id in named.items()}
    known = {
        name: replace(record, classes=tuple(named), wordnet_ids=wordnet_ids)
        for name, record in records.catalogue().items()
    }
    records.catalogue = lambda: MappingProxyType(known)
    engine = FakeEngine()
    state.engine = lambda: engine
    state.first_questions = tuple
    launcher.serve(port=int(sys.argv[1]), browser=False)


if __name__ == "__main__":
    main()
