"""Make the layer atlases that ship, of the bundled pairs.

Run `python -m advviz.evaluation.atlas_showcase` after the weights have changed. The tiles of
what ships are rounded to a few levels a colour; the facts of each result say so.
"""

import sys
from collections.abc import Iterator

from advviz.compute import Engine, shipped
from advviz.experiments.atlas import AtlasSpec, packed
from advviz.models.records import pair
from advviz.models.vocabularies import CIFAR10, TINY14

LAYERS = ("penultimate", "layer2")
LEVELS = 8


def specs() -> Iterator[AtlasSpec]:
    """List the atlases that ship: two layers of both models of each bundled pair."""
    for dataset in (TINY14, CIFAR10):
        for described in pair(dataset):
            for layer in LAYERS:
                yield AtlasSpec(model=described.id, layer=layer)


def make() -> None:
    """Compute them, and put them beside the other results that ship."""
    engine = Engine(use_shipped=False)
    for spec in specs():
        path = shipped.write(spec, packed(engine.run(spec), LEVELS))
        sys.stdout.write(f"{spec.model} {spec.layer}: {path.stat().st_size} bytes\n")
        sys.stdout.flush()


if __name__ == "__main__":
    make()
