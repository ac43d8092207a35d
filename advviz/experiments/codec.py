"""The codec of links: every field of a spec, written and read back exactly.

A link names its version and writes every field, so that it means the same when defaults
change. A field that came later says what a link without it means. Numbers are written by
`repr`; `8/255` is read as well.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, urlencode

from advviz.errors import InvalidInputError
from advviz.fields import read, written

VERSION = "1"
Kinds = Mapping[str, type[Any]]
"""The specs that a link may name, by kind."""


def to_query(spec: Any) -> dict[str, str]:
    """Write a spec as the parameters of a link."""
    values = {f.name: written(getattr(spec, f.name)) for f in fields(spec)}
    return {"v": VERSION, "kind": spec.kind, **values}


def from_query(query: Mapping[str, str], kinds: Kinds) -> Any:
    """Read a spec from the parameters of a link.

    Raises:
        InvalidInputError: another version, an unknown kind, a field that is missing, unknown
            or out of range; in one sentence.
    """
    if query.get("v") != VERSION:
        raise InvalidInputError(
            f"the link must be of version v={VERSION}, got {query.get('v')!r}; make a new link"
        )
    spec_class = kinds.get(query.get("kind", ""))
    if spec_class is None:
        raise InvalidInputError(
            f"the link's kind must be one of {', '.join(kinds)}, got {query.get('kind')!r}"
        )
    declared = {f.name: f for f in fields(spec_class)}
    given = {k: v for k, v in query.items() if k not in ("v", "kind")}
    absent = {
        name: f.metadata["absent"]
        for name, f in declared.items()
        if name not in given and "absent" in f.metadata
    }
    if given.keys() | absent.keys() != declared.keys():
        missing = ", ".join(sorted(declared.keys() - given.keys() - absent.keys())) or "none"
        unknown = ", ".join(sorted(given.keys() - declared.keys())) or "none"
        raise InvalidInputError(
            f"the link must name every field once; missing: {missing}; unknown: {unknown}"
        )
    values = {k: read(k, v, declared[k].metadata) for k, v in given.items()}
    return spec_class(**values, **absent)


def to_link(spec: Any) -> str:
    """Write a spec as the query string of a link, without the question mark."""
    return urlencode(to_query(spec))


def from_link(link: str, kinds: Kinds) -> Any:
    """Read a spec from the query string of a link; see `from_query`."""
    pairs = parse_qsl(link.rpartition("?")[2], keep_blank_values=True)
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidInputError("the link must name every field once, got one twice")
    return from_query(dict(pairs), kinds)
