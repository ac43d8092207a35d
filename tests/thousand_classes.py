"""Serves the app with models of a thousand classes, answered by the fake engine.

Run `python thousand_classes.py PORT`. No such model ships; what is under test is the interface.
"""

import sys
from dataclasses import replace
from types import MappingProxyType

from fake_engine import FakeEngine
from torchvision.models import ResNet18_Weights

from advviz.models import records
from advviz.ui import launcher, state

REAL = {"goldfish": "n01443537", "tabby": "n02123045", "jeep": "n03594945", "groom": "n10148035"}


def classes() -> dict[str, str]:
    """ImageNet's names, each once, with ids that are as alike as WordNet's; a few are real."""
    found: dict[str, str] = {}
    for number, name in enumerate(ResNet18_Weights.DEFAULT.meta["categories"]):
        once = f"{name} ({number})" if name in found else name
        found[once] = REAL.get(name, f"n{2_000_000 + 3571 * number:08}")
    return found


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
