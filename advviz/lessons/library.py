"""The chapters that there are: read from folders, again when a file changes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from advviz.errors import AdvvizError, InvalidInputError
from advviz.lessons.chapter import SECTIONS, Chapter
from advviz.lessons.front_matter import check_chapter, read_experiment, split
from advviz.resources import assets

ENGLISH = "en"
FOLDER = "ADVVIZ_LESSONS"
"""Variable that names a folder of a teacher's own: a file there stands before ours of its name."""
LARGEST = 2**20  # bytes of a file
KEPT = 256  # files


@dataclass(frozen=True, slots=True)
class Library:
    """The chapters in one language, and what is wrong with files that cannot be used.

    Args:
        chapters: in the order of their files' names; one without a translation is English.
        problems: one sentence for each broken file.
    """

    chapters: tuple[Chapter, ...]
    problems: tuple[str, ...]

    def chapter(self, number: int) -> Chapter | None:
        """Find a chapter by its number."""
        return next((c for c in self.chapters if c.number == number), None)


def library(language: str = ENGLISH, folders: tuple[Path, ...] | None = None) -> Library:
    """Read all chapters.

    Args:
        language: of the text, as its folder is called; English stands in for what is missing.
        folders: each with a folder for a language; ours, then the teacher's, if None.
    """
    problems: list[str] = []
    english = _read_all(ENGLISH, folders, {}, problems)
    found = dict(english)
    if language != ENGLISH:
        found |= _read_all(language, folders, english, problems)
    return Library(tuple(found[name] for name in sorted(found)), tuple(problems))


def folders_of_lessons() -> tuple[Path, ...]:
    """List the folders that chapters are read from, the one that counts most last."""
    own = os.environ.get(FOLDER)
    return (assets() / "lessons", *([Path(own)] if own else []))


def _read_all(
    language: str,
    folders: tuple[Path, ...] | None,
    originals: Mapping[str, Chapter],
    problems: list[str],
) -> dict[str, Chapter]:
    found: dict[str, Chapter] = {}
    for path in _files(language, folders_of_lessons() if folders is None else folders):
        original = originals.get(path.stem)
        try:
            stat = path.stat()
            found[path.stem] = _read(path, stat.st_mtime_ns, stat.st_size, original)
        except (AdvvizError, OSError) as error:
            sentence = error.strerror if isinstance(error, OSError) else error
            problems.append(f"The chapter {language}/{path.name} cannot be used: {sentence}.")
    return found


def _files(language: str, folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((folder / language).glob("[0-9]*-*.md"))


@lru_cache(KEPT)
def _read(path: Path, _changed: int, size: int, original: Chapter | None) -> Chapter:
    """Read a file; it is read again when it has changed, or the English text that it refers to."""
    if size > LARGEST:
        raise InvalidInputError(f"it must have at most {LARGEST // 2**20} MiB, got {size} bytes")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError("it must be UTF-8 text; save it as such") from error
    found = read_chapter(text, path.stem, original)
    return replace(found, language=path.parent.name)


def read_chapter(text: str, name: str, original: Chapter | None = None) -> Chapter:
    """Read a chapter.

    Args:
        text: of its file.
        name: of its file, without the ending.
        original: the same chapter in English, for a translation.

    Raises:
        InvalidInputError: names the field or the section, in one sentence.
    """
    if not name.partition("-")[0].isdecimal():
        raise InvalidInputError(f"its name must begin with the chapter's number, got {name[:40]}")
    values, body = split(text)
    if original is not None:
        values = {"references": list(original.references)} | values
    check_chapter(values)
    originals = {e.id: e for e in original.experiments} if original else {}
    return Chapter(
        name=name,
        language=ENGLISH,
        title=values["title"].strip(),
        summary=values["summary"].strip(),
        experiments=tuple(
            read_experiment(entry, place, originals)
            for place, entry in enumerate(values["experiments"], 1)
        ),
        references=tuple(values["references"]),
        sections=MappingProxyType(_sections(body)),
    )


def _sections(body: str) -> dict[str, str]:
    """Take the body apart at its headings of the second level, whose names are the sections'."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in body.splitlines():
        if line.startswith("## "):
            name = line[3:].strip().lower()
            if name not in SECTIONS or name in found:
                raise InvalidInputError(
                    f"its headings must be ## {', ## '.join(SECTIONS)}, each once, got {line[:60]}"
                )
            lines = found[name] = []
        elif found or line.strip():
            if not found:
                raise InvalidInputError(
                    f"its text must begin with ## {SECTIONS[0]}, got {line[:60]}"
                )
            lines.append(line)
    for name in SECTIONS:
        text = "\n".join(found.get(name, ())).strip()
        if not text:
            raise InvalidInputError(f"it lacks the section ## {name}")
        if text.replace("\\$", "").count("$") % 2:
            raise InvalidInputError(
                f"a formula of its section ## {name} has a beginning without an end; "
                "put it between dollar signs"
            )
    return {name: "\n".join(found[name]).strip() for name in SECTIONS}
