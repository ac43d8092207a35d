"""Which pictures can be chosen, and what each is called; the control of the picture."""

import streamlit as st

from advviz.data import gallery, picture_folder, sketches, uploads
from advviz.data.images import SAMPLE_PREFIX
from advviz.experiments.references import class_of_folder
from advviz.models.classes import class_words
from advviz.models.records import ModelRecord, record
from advviz.ui import own_pictures
from advviz.ui.language import say, term
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why

WHY = (
    "Gallery pictures need no network; each carries its true class. Bring your own further down. "
    "What you choose follows you to every page."
)
FILE = "file:"
"""How a file of the owner's folder is called among the options; a link says its digest."""


def image(setup: Setup) -> None:
    """Choose a picture of the gallery, of this session, or of the owner's folder."""
    names = choices(setup)
    current = _option(setup.board.image)
    if current not in names:
        names = {current: title(setup.board.image), **names}
    st.selectbox(
        say("Picture"),
        list(names),
        format_func=names.__getitem__,
        help=say(WHY) + _told_of_folder() + why("attack"),
        **control("av.image", current, lambda s, option: s.with_image(_reference(option))),
    )


def _told_of_folder() -> str:
    """Say where the pictures at the end of the list come from, and if they are not all."""
    folder = picture_folder.offered()
    if folder is None:
        return ""
    count = len(folder.entries())
    more = say(", which has more") if folder.is_partial else ""
    return say(
        " The last {count} are of the folder that this app was given{more}.", count=count, more=more
    )


def choices(setup: Setup) -> dict[str, str]:
    """Name all pictures that can be chosen, by option: the gallery, the session's, the folder's."""
    described = record(setup.board.standard)
    names = gallery_names(described)
    names |= {ref: own_pictures.title(ref) for ref in own_pictures.refs()}
    folder = picture_folder.offered()
    for entry in folder.entries() if folder is not None else ():
        *groups, file = entry.name.split("/")
        known = class_of_folder(groups, described)
        names[FILE + entry.name] = f"{term(known or '/'.join(groups) or 'folder')} · {file}"
    return names


def gallery_names(described: ModelRecord) -> dict[str, str]:
    """Name the pictures for a model by reference, those first whose class it knows."""
    words = class_words(described)
    known, unknown = {}, {}
    for sample in gallery.samples(described.input_size):
        shown = next((words[word] for word in sample.shows.values() if word in words), None)
        ref = f"{SAMPLE_PREFIX}{sample.id}"
        if shown is None:
            unknown[ref] = say("no class of these · {title}", title=term(sample.title))
        else:
            known[ref] = f"{term(shown)} · {term(sample.title)}"
    return known | unknown


def title(ref: str) -> str:
    """What a picture is called for itself, whatever a model knows of it."""
    if ref.startswith(SAMPLE_PREFIX):
        return term(gallery.sample(ref.removeprefix(SAMPLE_PREFIX)).title)
    if ref.startswith(sketches.PREFIX):
        return term(sketches.SKETCHES[ref.removeprefix(sketches.PREFIX)].title)
    if ref in own_pictures.refs():
        return own_pictures.title(ref)
    return file_name(ref) or own_pictures.title(ref)


def file_name(ref: str) -> str | None:
    """Name the file of the owner's folder that a reference stands for, once it was looked at."""
    folder = picture_folder.offered()
    entry = folder.known(ref) if folder is not None else None
    return None if entry is None else entry.name


def _option(ref: str) -> str:
    """Return the option of a reference: the session's own come before the folder's."""
    if not ref.startswith(uploads.PREFIX) or ref in own_pictures.refs():
        return ref
    name = file_name(ref)
    return ref if name is None else FILE + name


def _reference(option: str) -> str:
    """Return the reference of an option; a file is decoded now.

    Raises:
        InvalidInputError: the file is gone, or is no picture.
    """
    folder = picture_folder.offered()
    if not option.startswith(FILE) or folder is None:
        return option
    return folder.choose(option.removeprefix(FILE))
