"""Names of the things that feature visualization can draw."""

from advviz.errors import InvalidInputError
from advviz.models.records import ModelRecord


def parse_unit(unit: str, described: ModelRecord) -> tuple[str, int]:
    """Split a unit's name into a tap and an index.

    Raises:
        InvalidInputError: a name of another form, an unknown class or layer, or an index
            outside the layer.
    """
    what, _, rest = unit.partition(":")
    if what == "class":
        return "logits", described.class_index(rest)
    if not described.layers:
        raise InvalidInputError(f"{described.id} names no layers; draw a class: class:NAME")
    penultimate = described.penultimate or ""
    layer, _, index = (penultimate, "", rest) if what == "unit" else rest.rpartition(":")
    if what not in ("unit", "channel") or not index.isdecimal():
        raise InvalidInputError(f"unit must be class:NAME, unit:N or channel:LAYER:N, got {unit!r}")
    if layer not in described.layers:
        raise InvalidInputError(
            f"layer must be one of {', '.join(described.layers)}, got {layer!r}"
        )
    if int(index) >= described.layers[layer]:
        raise InvalidInputError(
            f"unit must lie in [0, {described.layers[layer]}) of {layer}, got {index}"
        )
    return layer, int(index)
