"""Results of several experiments in one file of exact arrays, each with the link of its own."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from advviz.experiments import links
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Result

LEFT_OUT = ("trajectory", "frames")
"""Arrays of every step of a search, which are many times the size of all others."""


def arrays(found: Mapping[Spec, Result]) -> dict[str, Any]:
    """Name the arrays of results as `MODEL.WHAT.ARRAY`, and their links as `MODEL.WHAT.link`.

    WHAT is the kind of experiment, or the method of a map and the picture that it is of; where
    that names several, the second is `WHAT-2`.
    """
    named: dict[str, Any] = {}
    for spec, result in found.items():
        what = _what(spec)
        count = sum(name.startswith(f"{spec.model}.{what}") and name.endswith(".link")
                    for name in named)  # fmt: skip
        stem = f"{spec.model}.{what}" + (f"-{count + 1}" if count else "")
        if spec.kind in links.KINDS:
            named[f"{stem}.link"] = np.array(links.to_link(spec))
        for name, array in result.arrays.items():
            if name not in LEFT_OUT:
                named[f"{stem}.{name}"] = array
    return named


def _what(spec: Spec) -> str:
    if spec.kind != "explain":
        return spec.kind
    image = "attacked" if getattr(spec, "image", "").startswith(RESULT) else "original"
    return f"{getattr(spec, 'method', spec.kind)}.{image}"
