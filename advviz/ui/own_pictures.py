"""Pictures that a visitor brings: uploads and camera, and the strip of those of this session.

The session keeps references; the pixels are in the store of uploads, in memory and bounded,
and results of them are never written to disk.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import ImageOps
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from advviz.data import images, uploads
from advviz.data.decoding import MAX_BYTES
from advviz.errors import AdvvizError
from advviz.models.classes import people
from advviz.models.records import ModelRecord, record
from advviz.ui import state
from advviz.ui.language import labelled, of_widget, quote, say, term
from advviz.ui.setup import Setup

KEPT = 12
"""Pictures of a session that stay to be chosen; the first brought leave first."""
THUMBNAIL = 88  # pixels a side, drawn at half of it

_PICTURES, _BROUGHT, _ROUND = "av.pictures", "av.brought", "av.upload.round"
_UPLOAD, _CAMERA, _STRIP = "av.upload", "av.camera", "av.strip"
_strip = st.components.v2.component(
    "advviz.strip",
    js=(Path(__file__).parent / "strip.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def refs() -> tuple[str, ...]:
    """List the pictures that this session has brought, in the order of their coming."""
    return tuple(_numbers())


def title(ref: str) -> str:
    """What a brought picture is called; file names are not kept."""
    number = _numbers().get(ref)
    return say("your picture") if number is None else say("your picture {number}", number=number)


def _numbers() -> dict[str, int]:
    found: dict[str, int] = st.session_state.get(_PICTURES, {})
    return found


def strip(setup: Setup) -> None:
    """Show what this session has brought, to be chosen again; nothing while it has nothing."""
    shown = [
        {"ref": ref, "title": title(ref), "src": src} for ref in refs() if (src := thumbnail(ref))
    ]
    if shown:
        _strip(
            data={"label": say("Your pictures"), "pictures": shown, "chosen": setup.board.image},
            key=_STRIP,
            on_chosen_change=_choose_from_strip,
        )


def _choose_from_strip() -> None:
    ref = st.session_state[_STRIP].chosen
    if ref in refs():
        state.change(lambda setup: setup.with_image(ref))


def thumbnail(ref: str) -> str | None:
    """A picture's square as a data URL; None once the store has dropped the picture."""
    return _drawn(ref) if uploads.holds(ref) else None


@lru_cache(256)
def _drawn(ref: str) -> str:
    square = ImageOps.fit(images.source(ref), (THUMBNAIL, THUMBNAIL))
    buffer = BytesIO()
    square.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + b64encode(buffer.getvalue()).decode("ascii")


def bring(setup: Setup) -> None:
    """Bring pictures from files or from the camera; the first becomes the one that is shown."""
    described = record(setup.board.standard)
    source = of_widget("av.bring")
    st.segmented_control(
        say("Your own pictures"),
        ["files", "camera"],
        default="files",
        required=True,
        format_func=labelled(("files", "camera"), term),
        key=source,
        help=say(
            "The camera is asked for only when you choose it. Browsers offer it on this machine "
            "or over HTTPS."
        ),
    )
    if st.session_state[source] == "camera":
        st.camera_input(
            say("A photo with this device's camera"),
            key=_CAMERA,
            on_change=_store_photo,
            resolution="720p",
            width=480,
        )
    else:
        # A new widget after every use: it is empty, and the server lets the files go.
        key = f"{_UPLOAD}.{st.session_state.get(_ROUND, 0)}"
        st.file_uploader(
            say(
                "PNG, JPEG or WebP, up to 10 MB each; the last {kept} stay to be chosen", kept=KEPT
            ),
            type=["png", "jpg", "jpeg", "webp"],
            accept_multiple_files=True,
            max_upload_size=MAX_BYTES // 10**6,
            key=key,
            on_change=_store_uploads,
            args=(key,),
        )
    st.caption(
        say(
            "{knows} Pictures stay in this server's memory for a while, without their metadata; "
            "they are never written to disk.",
            knows=knows(described),
        )
    )


def knows(described: ModelRecord) -> str:
    """Say how many things a model knows, and whether people are among them."""
    count, found = len(described.classes), people(described)
    told = say("These models know {count} things", count=count)
    if found is None:
        return say(
            "{told}; what they call a photo of a person says nothing about that person.", told=told
        )
    if not found:
        return say("{told}, none of them people.", told=told)
    number = say("one is a role") if len(found) == 1 else say("{n} are roles", n=len(found))
    return say(
        "{told}; {number} of people ({names}), and none is a person as such: what they call a "
        "photo of a person says nothing about them.",
        told=told,
        number=number,
        names=term(", ").join(map(term, found[:6])) + (", …" if found[6:] else ""),
    )


def _store_photo() -> None:
    photo = st.session_state[_CAMERA]
    if photo is not None:
        keep([photo.getvalue()])


def _store_uploads(key: str) -> None:
    files = st.session_state[key]
    keep([file.getvalue() for file in files[-KEPT:]], left_out=max(0, len(files) - KEPT))
    let_go(files)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def let_go(files: Sequence[UploadedFile]) -> None:
    """Free the memory in which Streamlit would hold the files until the session ends."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context is not None else None
    if context is not None and isinstance(manager, MemoryUploadedFileManager):
        for file in files:
            manager.remove_file(context.session_id, file.file_id)


def keep(files: Sequence[bytes], left_out: int = 0) -> None:
    """Add pictures to the session's, show the first of them, and say what could not be used.

    Args:
        files: PNG, JPEG or WebP files.
        left_out: files beyond the bound, of which nothing is kept.
    """
    found, trouble = [], []
    for file in files:
        try:
            found.append(uploads.store(file))
        except AdvvizError as error:
            trouble.append(quote(str(error)))
    remember(found)
    if found:
        state.change(lambda setup: setup.with_image(found[0]))
    if trouble or left_out:
        state.notice(_told(len(files) + left_out, trouble, left_out))


def remember(found: Sequence[str]) -> None:
    """Have pictures of the store stand in the session's strip."""
    numbers = dict(_numbers())
    for ref in found:
        if ref not in numbers:
            st.session_state[_BROUGHT] = st.session_state.get(_BROUGHT, 0) + 1
            numbers[ref] = st.session_state[_BROUGHT]
    for ref in list(numbers)[:-KEPT]:
        del numbers[ref]
    st.session_state[_PICTURES] = numbers


def _told(count: int, trouble: Sequence[str], left_out: int) -> str:
    if count == 1:
        return say("{trouble}; your picture was not taken.", trouble=trouble[0])
    said: list[Any] = []
    if trouble:
        said.append(
            say(
                "{n} of {count} files cannot be used; the first: {trouble}.",
                n=len(trouble),
                count=count,
                trouble=trouble[0],
            )
        )
    if left_out:
        said.append(
            say(
                "{left_out} of {count} files were left out: {kept} pictures fit at once.",
                left_out=left_out,
                count=count,
                kept=KEPT,
            )
        )
    return " ".join(said)
