"""The classes of a model as people name them: by id, by name, or by WordNet id."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

from advviz.errors import UnknownNameError
from advviz.models.records import ModelRecord

WORDNET_ID = re.compile(r"n\d{8}")
SUGGESTIONS = 4
LISTED = 20  # classes that a message names one by one
CIFAR10 = frozenset(
    {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
)
"""Classes without WordNet ids, none of which is a person."""
PERSON = "n00007846"
PEOPLE = range(9_600_000, 10_900_000)
"""The part of WordNet 3.0 that holds the nouns for people, as numbers of its ids."""


def find_class(described: ModelRecord, words: str) -> str:
    """Find the class that somebody means.

    The id as the record has it comes first; then a WordNet id; then a name that differs in
    case, or has other marks than the id between its words, where it fits one class alone.

    Returns:
        The class's id in `described.classes`.

    Raises:
        UnknownNameError: no class is meant, or several are; the message names close ones.
    """
    meant = meant_classes(described, words)
    if len(meant) == 1:
        return meant[0]
    raise UnknownNameError(
        f"{described.id} knows no class {words[:60]!r}; {_suggested(described, words, meant)}"
    )


def meant_classes(described: ModelRecord, words: str) -> tuple[str, ...]:
    """List the classes that words may mean, in the order of `find_class`; often one or none."""
    known, number = class_words(described), words.strip().lower()
    if words in known:
        return (known[words],)
    if WORDNET_ID.fullmatch(number) and number in known:
        return (known[number],)
    return _folded_names(_ByIdentity(described)).get(_folded(words), ())


def class_words(described: ModelRecord) -> Mapping[str, str]:
    """Map every WordNet id and every class id of a model to the class's id."""
    return _words(_ByIdentity(described))


def known_class(described: ModelRecord, shows: Iterable[str]) -> str | None:
    """Return the class of what a picture shows: by the first word that the model knows.

    Args:
        described: of the model.
        shows: what the picture shows, as class or WordNet ids of one or more vocabularies.

    Returns:
        The class's id; None if the model knows none of them.
    """
    words = class_words(described)
    return next((words[word] for word in shows if word in words), None)


def labels(described: ModelRecord) -> Mapping[str, str]:
    """Write every class for a list in which people search.

    Returns:
        Class id to label: with the WordNet id, "goldfish · n01443537", where each class of
        the model has exactly one; else the id alone.
    """
    return _labels(_ByIdentity(described))


class _ByIdentity:
    """A record as a key: its mappings have no hash, and comparing a thousand classes is slow."""

    def __init__(self, described: ModelRecord) -> None:
        self.record = described

    def __hash__(self) -> int:
        return id(self.record)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.record is other.record


@lru_cache(64)
def _words(of: _ByIdentity) -> Mapping[str, str]:
    classes, ids = of.record.classes, of.record.wordnet_ids
    words = {each: name for name in classes for each in ids.get(name, ())}
    return MappingProxyType(words | {name: name for name in classes})


@lru_cache(64)
def _folded_names(of: _ByIdentity) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in of.record.classes:
        found[_folded(name)] = (*found.get(_folded(name), ()), name)
    return MappingProxyType(found)


@lru_cache(64)
def _labels(of: _ByIdentity) -> Mapping[str, str]:
    classes, ids = of.record.classes, of.record.wordnet_ids
    if any(len(ids.get(name, ())) != 1 for name in classes):
        return MappingProxyType({name: name for name in classes})
    return MappingProxyType(
        {name: name if name == ids[name][0] else f"{name} · {ids[name][0]}" for name in classes}
    )


def people(described: ModelRecord) -> tuple[str, ...] | None:
    """List the classes that are people or their roles; None where that is not known."""
    found = []
    for name in described.classes:
        ids = described.wordnet_ids.get(name, ())
        if not ids and name not in CIFAR10:
            return None
        if any(map(_is_person, ids)):
            found.append(name)
    return tuple(found)


def _is_person(wordnet_id: str) -> bool:
    number = wordnet_id.removeprefix("n")
    return wordnet_id == PERSON or (number.isdecimal() and int(number) in PEOPLE)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip()).casefold()


def _suggested(described: ModelRecord, words: str, meant: tuple[str, ...]) -> str:
    """Say which classes may have been meant, or what there is to choose from."""
    if meant:
        return f"did you mean {_listed(described, meant)}?"
    folded = _folded_names(_ByIdentity(described))
    close = get_close_matches(_folded(words), folded, SUGGESTIONS, cutoff=0.7)
    holding = [name for name in folded if len(words) > 2 and _folded(words) in name]
    if found := [folded[name][0] for name in dict.fromkeys([*close, *holding])][:SUGGESTIONS]:
        return f"did you mean {_listed(described, found)}?"
    if len(described.classes) <= LISTED:
        return f"it knows {', '.join(described.classes)}"
    return (
        f"give one of its {len(described.classes)} class names, such as "
        f"{', '.join(described.classes[:3])}, or a WordNet id"
    )


def _listed(described: ModelRecord, names: Iterable[str]) -> str:
    shown = labels(described)
    return " or ".join(shown[name] for name in names)
