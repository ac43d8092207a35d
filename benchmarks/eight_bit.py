"""Measure how often an attack survives the saving as an 8-bit file, by the way of rounding.

    python -m benchmarks.eight_bit --images 12

On gallery pictures and the shipped pair, untargeted PGD-20 that stops at its first success, so
that rounding has something to undo: the share of pictures that are no longer recognised, of the
exact picture; of its file, rounded plainly; of its file, rounded once with its length kept; and
of the file of the attack that searches among 8-bit pictures (`--quantized`). Plain rounding may
leave the ball, so its files are counted only where they do not.

Measured on the weights of November 2026, 12 pictures at five strengths: of the 43 successes on
the standard model, 29 survived plain rounding and all 43 were reached by files searched for; on
the robust model, all of 24 survived either way.
"""

import argparse

import torch
from torch import Tensor

from advviz.attacks import eight_bit
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.result import rounded_to_eight_bits
from advviz.data import gallery, images
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import ModelRecord, record
from advviz.noise import Noise
from advviz.objectives import Objective, away_from
from advviz.protocol import Answer, Procedure, Query, run
from advviz.threat_models import ThreatModel, threat_model

MODELS = ("tiny14-standard", "tiny14-robust-l2")
STRENGTHS = {"l2": (0.1, 0.25, 0.5), "linf": (1 / 255, 2 / 255)}
WAYS = ("exact picture", "file, plain", "file, same length", "file, searched for")


def main() -> None:
    """Attack and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=12, help="gallery pictures")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for model in MODELS:
        classifier, described = Classifier(load_model(model)), record(model)
        known = [s for s in gallery.samples() if "tiny14" in s.shows]
        for norm, strengths in STRENGTHS.items():
            for eps in strengths:
                found = [
                    _reached(classifier, described, sample, threat_model(norm, eps))
                    for sample in known[: args.images]
                ]
                shares = torch.tensor(found).float().mean(0)
                told = ", ".join(f"{w} {s:.0%}" for w, s in zip(WAYS, shares, strict=True))
                unit = f"{eps:g}" if norm == "l2" else f"{255 * eps:g}/255"
                print(f"{model} {norm} {unit}, n = {len(found)}: {told}", flush=True)


def _reached(
    classifier: Classifier, described: ModelRecord, sample: gallery.Sample, threat: ThreatModel
) -> list[bool]:
    """Say of each way whether the picture is no longer recognised."""
    pixels = images.load(f"sample:{sample.id}", described.input_size).pixels
    image = torch.from_numpy(pixels.copy())[None]
    label = described.class_index(sample.shows["tiny14"])
    objective = away_from(torch.tensor([label]))
    params = PGDParams(step_size=2.5 * threat.eps / 20, steps=20, early_stop=True, record="nothing")
    plain = run(pgd(image, objective, threat, params, noise=Noise(0)), classifier)
    search = pgd(image, objective, threat, params, noise=Noise(0))
    searched = run(eight_bit.saved(image, objective, threat, search), classifier)
    kept = eight_bit.in_eight_bits(image, plain.images, threat)
    ways = (plain.logits, plain.eight_bit_logits, run(_asked(kept), classifier))
    found = [_is_past(objective, logits) for logits in (*ways, searched.eight_bit_logits)]
    file = rounded_to_eight_bits(plain.images)
    found[1] &= bool(threat.distance(image, file) <= threat.eps + eight_bit.SLACK)
    return found


def _asked(picture: Tensor) -> Procedure[Tensor]:
    answer: Answer = yield Query(picture, gradient=False, exact=True)
    return answer.logits


def _is_past(objective: Objective, logits: Tensor) -> bool:
    margins = objective.margins(logits)
    return margins is not None and bool(margins[0] > 0)


if __name__ == "__main__":
    main()
