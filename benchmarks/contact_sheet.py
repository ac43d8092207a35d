"""Every method on both models, on one sheet for human eyes.

Run `python -m benchmarks.contact_sheet --out runs/contact_sheet.png`.
"""

import argparse
from pathlib import Path

import numpy as np

from advviz import pictures
from advviz.compute import Engine
from advviz.experiments.codec import to_link
from advviz.experiments.references import RESULT
from advviz.experiments.result import Array
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.models.records import pair

TARGETS = {"sample:chelsea": "goldfish", "sample:mastiff": "cat", "sample:goose": "dog"}


def row(engine: Engine, model: str, image: str, target: str) -> dict[str, Array]:
    """Compute every picture of one model and one image; SG is SmoothGrad."""
    l2 = AttackSpec(model=model, image=image, target=target, eps=1.25)
    linf = AttackSpec(model=model, image=image, target=target, norm="linf", eps=8 / 255)
    large = AttackSpec(model=model, image=image, target=target, eps=10.0, steps=50)
    attacked = {
        name: engine.run(spec).arrays
        for name, spec in (("L2 1.25", l2), ("L-inf 8/255", linf), ("L2 10", large))
    }
    original = attacked["L2 1.25"]["original"]
    cells = {"original": pictures.photo(original)}
    for name, arrays in attacked.items():
        cells[name] = pictures.photo(arrays["adversarial"])
        cells[f"×10, {name}"] = pictures.perturbation(original, arrays["adversarial"], 10)
    gradient = engine.run(ExplainSpec(model=model, image=image)).arrays["gradient"]
    cells["gradient"] = pictures.absolute_ink(gradient)
    cells["tutorial RGB"] = pictures.tutorial_rgb(gradient)
    cells["signed"] = pictures.signed(gradient)
    for magnitude in ("signed", "squared"):
        spec = ExplainSpec(model=model, image=image, method="smoothgrad", magnitude=magnitude)
        cells[f"SG, {magnitude}"] = pictures.absolute_ink(engine.run(spec).arrays["gradient"])
    after = ExplainSpec(model=model, image=RESULT + to_link(l2), method="smoothgrad")
    cells["SG, attacked"] = pictures.absolute_ink(engine.run(after).arrays["gradient"])
    unit = f"class:{target}"
    for name, drawn in (
        ("target, noise", VisualizeSpec(model=model, unit=unit)),
        ("target, image", VisualizeSpec(model=model, unit=unit, start=image)),
        ("target, Fourier", VisualizeSpec(model=model, unit=unit, method="fourier")),
        ("unit 7", VisualizeSpec(model=model, unit="unit:7")),
        ("layer3, channel 5", VisualizeSpec(model=model, unit="channel:layer3:5")),
    ):
        cells[name] = pictures.photo(engine.run(drawn).arrays["picture"])
    return cells


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    engine = Engine(use_shipped=False)
    rows, labels = [], []
    columns: list[str] = []
    for image, target in TARGETS.items():
        for model in (described.id for described in pair()):
            cells = row(engine, model, image, target)
            columns = list(cells)
            rows.append([np.asarray(cell) for cell in cells.values()])
            labels.append(f"{image.removeprefix('sample:')} · {model}")
    sheet = pictures.sheet(rows, row_labels=labels, column_labels=columns, cell=128)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(pictures.png(sheet))
    print(f"{args.out}: {sheet.shape[1]}×{sheet.shape[0]}")


if __name__ == "__main__":
    main()
