"""One-page reports of a layer: what excites its units, and what they answer to."""

import numpy as np

from advviz import pictures
from advviz.evaluation.one_page_evidence import Case, Evidence, Picture, Results
from advviz.experiments.atlas import AtlasSpec, pictures_of
from advviz.experiments.responses import ResponsesSpec, cropped, never_active, ranked, strongest
from advviz.experiments.result import Array
from advviz.models.records import record

SHOWN = 5
"""Pictures of a report."""


def case_of_atlas(spec: AtlasSpec, results: Results) -> Case:
    """Say how many units could be excited, and show those that rose most."""
    result, described = results[spec], record(spec.model)
    values, starts = result.arrays["values"], result.arrays["start_values"]
    layer, tiles = result.facts["layer"], pictures_of(result)
    rose = int((values > starts).sum())
    best = [int(unit) for unit in np.argsort(starts - values, kind="stable")[:SHOWN]]
    shown = tuple(
        _picture(f"unit {unit}", f"{starts[unit]:.2g} to {values[unit]:.2g}", tiles[unit])
        for unit in best
    )
    row = Evidence(
        spec.model,
        f"{rose} of {len(values)} units rose",
        f"{layer}, {spec.method}, {spec.steps} steps from one and the same noise; shown are the "
        "units that rose most",
        shown,
    )
    finding = (
        f"Of {len(values)} units of {layer} in {described.title}, each drawn from the same noise, "
        f"{rose} end above their start. A drawing is one of many pictures that excite its unit, "
        "and no proof of what the unit is for."
    )
    return Case(finding, (row,))


def case_of_responses(spec: ResponsesSpec, results: Results) -> Case:
    """Say which units answer to nothing, and show what the one that answers most answers to."""
    result, described = results[spec], record(spec.model)
    layer, names = result.facts["layer"], result.facts["names"]
    unit = int(np.argmax(strongest(result)))
    order = [int(place) for place in ranked(result, unit)[:SHOWN]]
    shown = tuple(
        _picture(
            "" if spec.is_personal else str(names[place]),
            f"{result.arrays['maxima'][place, unit]:.3g}",
            cropped(result, place, unit),
        )
        for place in order
    )
    units = len(strongest(result))
    silent = int(never_active(result).sum())
    row = Evidence(
        spec.model,
        f"{units - silent} of {units} units are active",
        f"{layer}; crops of {result.facts['crop']} of {described.input_size} pixels a side to "
        f"which unit {unit} answers most",
        shown,
    )
    finding = (
        f"Of {units} units of {layer} in {described.title}, {silent} rise above 0 on none of "
        f"{len(names)} sample pictures; unit {unit} reaches the largest activation. What a unit "
        "answers to in few pictures is no proof of what it is for."
    )
    return Case(finding, (row,))


def _picture(name: str, caption: str, levels: Array) -> Picture:
    return Picture(name, caption, pictures.png(np.ascontiguousarray(levels.transpose(1, 2, 0))))
