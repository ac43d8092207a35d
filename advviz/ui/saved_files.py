"""A saved picture brought back: what it is, how far it is from its original, whom it fools."""

from html import escape

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from advviz import pictures
from advviz.data import images
from advviz.data.decoding import MAX_BYTES
from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.protocol import Spec
from advviz.experiments.saved_files import SavedFile, read
from advviz.experiments.specs import AttackSpec, PredictSpec
from advviz.models.model_record import ModelRecord
from advviz.models.records import record
from advviz.models.shelf import is_on_disk
from advviz.ui import distances, drawers, figures, own_pictures, permalinks, running, state, words
from advviz.ui.figures import rich, show
from advviz.ui.language import quote, say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup, comparable
from advviz.ui.words import ROW, Array, reading, title_of, verdict

MOST = 9  # models that are asked
_FILE, _ROUND, _WIDGET = "av.saved", "av.saved.round", "av.saved.file"
CLAIM = (
    "Pictures saved here carry their set-up in one line of text, which anybody can write: it is "
    "looked up and measured again, not believed. Whatever else a file says of itself is dropped. "
    "The file stays in this server's memory for a while and is never written to disk."
)


def drawer(setup: Setup) -> None:
    """Offer to bring a saved file back, and show what is found of the last one."""
    place = drawers.opened(say("Check a saved file: does it still fool, and whom?"), "av.check")
    if place is None:
        return
    with place:
        widget = f"{_WIDGET}.{st.session_state.get(_ROUND, 0)}"
        st.file_uploader(
            say("A PNG or NPZ that was saved here, or any picture"),
            type=["png", "npz"],
            key=widget,
            max_upload_size=MAX_BYTES // 10**6,
            on_change=_take,
            args=(widget,),
        )
        brought = st.session_state.get(_FILE)
        if isinstance(brought, SavedFile):
            _told(setup, brought)
        st.caption(say(CLAIM))


def _take(widget: str) -> None:
    file: UploadedFile | None = st.session_state[widget]
    if file is None:
        return
    keep(file.getvalue())
    own_pictures.let_go([file])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def keep(data: bytes) -> None:
    """Keep what a file holds as the one that is checked; a file of no use is said in words."""
    try:
        st.session_state[_FILE] = read(data)
    except AdvvizError as error:
        st.session_state.pop(_FILE, None)
        state.notice(say("{error}; the file was not taken.", error=quote(str(error))))


def _told(setup: Setup, brought: SavedFile) -> None:
    try:
        asked = models(setup, brought)
        st.html(show(f"<p>{rich(_origin(brought, asked[0]))}</p>"))
    except AdvvizError as error:
        st.warning(words.plain(quote(str(error))))
        return
    finds = running.show(specs(brought, asked), st.empty(), lambda f: draw(brought, asked, f))
    running.failures(finds)
    spec = brought.spec
    if spec is not None:
        st.button(
            say("Open this set-up"),
            key="av.saved.open",
            on_click=state.change,
            args=(lambda s: permalinks.adopted(s, spec),),
        )


def models(setup: Setup, brought: SavedFile) -> list[ModelRecord]:
    """The models that are asked: those of the file, of the pair and of its ladder that fit."""
    spec = brought.spec
    first = record(setup.model if spec is None else spec.model)
    pair = [record(setup.board.standard), record(setup.board.robust)]
    offered = {r.id: r for r in (first, *pair, *setup.ladder.rungs)}
    return [r for r in offered.values() if comparable(r, first) and is_on_disk(r)][:MOST]


def specs(brought: SavedFile, asked: list[ModelRecord]) -> list[Spec]:
    """What each model says of the original, where that is known, and of the file."""
    refs = [ref for ref in (brought.original, brought.image) if ref is not None]
    return [PredictSpec(model=described.id, image=ref) for described in asked for ref in refs]


def _origin(brought: SavedFile, described: ModelRecord) -> str:
    """Say what the file is, and how far from its original."""
    kind = say("exact pixels") if brought.is_exact else say("8 bits a channel")
    told = [say("**The file holds {kind}**", kind=kind)]
    if brought.spec is not None:
        told.append(
            say(
                "and says that it comes from: {named}. {same}",
                named=_named(brought.spec),
                same=_same(brought),
            )
        )
    else:
        told.append(say("and names no attack that is known here."))
    pixels = images.load(brought.image, described.input_size)
    size = described.input_size
    if pixels.source_size != (size, size):
        width, height = pixels.source_size
        told.append(
            say(
                "It has {width} × {height} pixels and was brought to {size}: a screenshot or an "
                "enlarged copy is another picture than the one that was saved.",
                width=width,
                height=height,
                size=size,
            )
        )
    return " ".join(told)


def _named(spec: AttackSpec) -> str:
    target = say("any other class") if spec.target == UNTARGETED else term(spec.target)
    shown = term(spec.true_class(record(spec.model)) or spec.image[:22])
    symbol, word = ROW[record(spec.model).is_robust]
    return say(
        "{shown} → {target} · {strength} · on {symbol} {word}",
        shown=shown,
        target=target,
        strength=words.strength(spec.norm, spec.eps),
        symbol=symbol,
        word=word,
    )


def _same(brought: SavedFile) -> str:
    """Say whether it is what its set-up computes, where that result is known."""
    if brought.spec is None:
        return ""
    try:
        known = state.engine().peek(brought.spec)
    except AdvvizError:
        return ""
    if known is None:
        return say("That set-up has not been computed here, so the file is not compared with it.")
    made = known.arrays["adversarial"]
    made = made if brought.is_exact else pictures.eight_bit(made)
    found = images.load(brought.image, made.shape[-1]).pixels
    if np.array_equal(found, made):
        return say("**It is pixel by pixel what that set-up computes here.**")
    return say("It differs from what that set-up computes here: it was changed, or made elsewhere.")


def draw(brought: SavedFile, asked: list[ModelRecord], finds: Finds) -> str:
    """The table of answers, and the distances where the original is known."""
    rows = [_row(brought, described, finds) for described in asked]
    head = (say("model"), say("says of the original"), say("says of the file"), say("verdict"))
    return figures.table(head, rows) + _far(brought, asked[0])


def _row(brought: SavedFile, described: ModelRecord, finds: Finds) -> list[str]:
    symbol, word = ROW[described.is_robust]
    name = f"{symbol} {word}: {title_of(described)}"
    after = _answer(brought.image, described, finds)
    before = None
    if brought.original is not None:
        before = _answer(brought.original, described, finds)
    if isinstance(after, str) or isinstance(before, str):
        return [name, str(before or say("not known")), str(after), ""]
    if before is None:
        return [name, say("not known"), str(after), say("– without its original nobody can say")]
    spec = brought.spec
    right = None if spec is None else spec.true_class(described)
    target = None if spec is None or spec.target == UNTARGETED else spec.target
    return [name, str(before), str(after), str(verdict(before, after, right, target))]


def _answer(ref: str, described: ModelRecord, finds: Finds) -> words.Reading | str:
    shown = finds[PredictSpec(model=described.id, image=ref)]
    if shown.result is None:
        return shown.words
    return reading(shown.result.arrays["logits"], described.classes)


def _far(brought: SavedFile, described: ModelRecord) -> str:
    if brought.original is None:
        told = say("How far it is from its original is not known: the original is not here.")
        return show(f"<p>{rich(told)}</p>")
    size = described.input_size
    try:
        before: Array = images.load(brought.original, size).pixels
        after: Array = images.load(brought.image, size).pixels
    except InvalidInputError as error:
        return show(f"<p>{escape(str(error))}</p>")
    rows = [[say("the file"), *distances.measured(before, after)]]
    if brought.spec is not None:
        spec = brought.spec
        rows.append([say("budget"), *distances.allowed(spec.norm, spec.eps, before.size)])
    told = rich(say("**How far it is from its original**"))
    head = show(f'<p class="av-below">{told}</p>')
    return head + figures.table(distances.head(), rows)
