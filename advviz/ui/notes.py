"""What stands around the pictures: the trail, the source photo, curves, what to try next."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from io import BytesIO

import streamlit as st

from advviz import pictures
from advviz.data import gallery, images
from advviz.errors import AdvvizError
from advviz.experiments.result import Result
from advviz.models.records import record
from advviz.ui import components, curves, state, words
from advviz.ui.curves import Curve
from advviz.ui.figures import Finished, picture, rich, show
from advviz.ui.kept import Kept
from advviz.ui.language import language, quote, say, term
from advviz.ui.picture_choice import file_name, gallery_names, title
from advviz.ui.rows import control
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.strengths import STOPS
from advviz.ui.words import ROW

THUMBNAIL = 190


def trail(setup: Setup) -> None:
    """One line that says what is set up; it follows the user to every page."""
    st.html(show(f'<p class="av-trail">{rich(trail_words(setup))}</p>'))


def trail_words(setup: Setup) -> str:
    """The set-up in a line: `cat → goldfish · L2 1.0 · seed 0`."""
    start = term(setup.true_class or "") or title(setup.board.image)
    target = term(setup.target or "any other class")
    strength = words.strength(setup.board.norm, setup.board.eps)
    return say(
        "**{start} → {target}** · {strength} · seed {seed}",
        start=start,
        target=target,
        strength=strength,
        seed=setup.board.seed,
    )


@lru_cache(maxsize=32)
def source_picture(ref: str, size: int, alt: str) -> str:
    """The source photo with the square that the network receives; `alt` says what it is."""
    photo = images.source(ref)
    found = images.load(ref, size)
    width, height = found.source_size
    scale = THUMBNAIL / max(width, height)
    photo.thumbnail((2 * THUMBNAIL, 2 * THUMBNAIL))
    buffer = BytesIO()
    photo.save(buffer, "WEBP", quality=92)
    left, top, right, bottom = (round(edge * scale) for edge in found.box)
    shown = f"width:{round(width * scale)}px;height:{round(height * scale)}px"
    data = b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<div class="av-photo"><img src="data:image/webp;base64,{data}" style="{shown}" '
        f'alt="{escape(alt, quote=True)}"><i style="left:{left}px;top:{top}px;'
        f'width:{right - left}px;height:{bottom - top}px"></i></div>'
    )


def source(setup: Setup) -> None:
    """Inset the source photo once, with its crop box and where it comes from."""
    ref, size = setup.board.image, setup.size
    told = say(
        "**The network receives these {size}×{size} pixels** of the photo: what the box holds.",
        size=size,
    )
    if ref.startswith(images.SAMPLE_PREFIX):
        sample = gallery.sample(ref.removeprefix(images.SAMPLE_PREFIX))
        told += say(" {title}. {source}.", title=term(sample.title), source=quote(sample.source))
    elif name := file_name(ref):
        told += say(" {name}, of the folder that this app was given.", name=name)
    try:
        photo = source_picture(ref, size, say("the whole picture"))
    except AdvvizError as error:
        st.warning(words.plain(quote(str(error))))
        return
    st.html(Finished(show(f'<div class="av-source">{photo}<p>{rich(told)}</p></div>')))


def search_curves(setup: Setup, finds: Finds) -> None:
    """Draw how sure each model was of the target, or still of the true class, at each step."""
    found = {
        model: shown.result
        for model in setup.models
        if (shown := finds.get(setup.attack(model))) and shown.result is not None
    }
    if not found:
        return
    key = setup.board, tuple(found), language()
    drawn = _kept_curves.get(key, list(found.values()), lambda: _curves(setup, found))
    st.html(drawn.head)
    components.drawing(drawn.svg, "av.curves")
    st.html(Finished(drawn.below))


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of a search, and what stands around them."""

    head: str
    svg: str
    below: str


_kept_curves = Kept[Curves](256)


def _curves(setup: Setup, found: Mapping[str, Result]) -> Curves:
    drawn, rows = [], []
    for model, result in found.items():
        described, arrays = record(model), result.arrays
        before = words.reading(arrays["original_logits"], described.classes).label
        right = setup.true_class or before
        followed = setup.target or right
        share = arrays["curve_probabilities"][:, described.class_index(followed)]
        first = result.facts["first_success"]
        symbol, word = ROW[described.is_robust]
        drawn.append(Curve(described, f"{symbol} {word}", [float(p) for p in share], mark=first))
        fooled = (
            say("not within the budget") if first is None else say("at step {first}", first=first)
        )
        rows.append(
            say("{symbol} {word}: first fooled {fooled}.", symbol=symbol, word=word, fooled=fooled)
        )
    named = term(setup.target or setup.true_class or "its first answer")
    title = say("Confidence in {named} at each step", named=named)
    told = say(
        "{fooled} Measured during the search. A curve that stays low says that this attack "
        "failed, not that none can succeed.",
        fooled=" ".join(rows),
    )
    return Curves(
        head=show(f"<p><b>{title}</b></p>"),
        svg=curves.confidence(drawn, title),
        below=curves.table(drawn) + show(f'<p class="av-quiet">{rich(told)}</p>'),
    )


def noise_control(setup: Setup, finds: Finds) -> None:
    """Say what random noise of the attack's size does: the control that it is not just noise."""
    told, example = [], ""
    for model in setup.models:
        spec, described = control(setup, model), record(model)
        shown = finds.get(spec)
        if shown is None or shown.result is None:
            continue
        symbol, word = ROW[described.is_robust]
        facts = shown.result.facts
        told.append(
            say(
                "{symbol} {word}: **{changed} of {draws}**.",
                symbol=symbol,
                word=word,
                changed=facts["changed"],
                draws=facts["draws"],
            )
        )
        drawn = pictures.photo(shown.result.arrays["example"])
        example = picture(drawn, say("the picture with random noise of the same size"), 128)
    if not told:
        return
    strength = words.strength(setup.board.norm, setup.board.eps)
    text = say(
        "**Same-size random noise, {strength}.** How many random changes of this size change "
        "the answer: {told} The attack's change is as small, but has a direction. One size "
        "and one picture; a much larger noise changes answers too.",
        strength=strength,
        told=" ".join(told),
    )
    st.html(show(f'<div class="av-source">{example}<p>{rich(text)}</p></div>'))


Change = Callable[[Setup], Setup]
Card = tuple[str, str, Change]


def try_next(setup: Setup, offered: Sequence[Card] = ()) -> None:
    """Three cards, each changing one thing: those of Compare, or a page's own."""
    st.html(show(f"<p>{rich(say('**Try next**: each card changes one thing'))}</p>"))
    for label, why, change in offered or cards(setup):
        st.button(
            f"**{words.plain(label)}** · {words.plain(why)}",
            key=f"av.try.{label}",
            on_click=state.change,
            args=(change,),
            icon=":material/arrow_forward:",
            width="stretch",
        )


def cards(setup: Setup) -> list[Card]:
    """What to try next: another strength, another picture, another question."""
    stops = STOPS[setup.board.norm]
    stronger = next((stop for stop in stops if stop > setup.board.eps), stops[1])
    less = say("How little is enough to fool the standard model?")
    refs = list(gallery_names(record(setup.board.standard)))
    place = refs.index(setup.board.image) if setup.board.image in refs else -1
    following = refs[(place + 1) % len(refs)]
    cards: list[Card] = [
        (
            say("Strength {strength}", strength=words.strength(setup.board.norm, stronger)),
            say("The same picture and target. ")
            + (say("Does the robust model still hold?") if stronger > setup.board.eps else less),
            lambda s: s.with_board(eps=stronger),
        ),
        (
            say("Picture: {title}", title=title(following)),
            say("The same attack on another picture. One picture is an anecdote."),
            lambda s: s.with_image(following),
        ),
    ]
    return [*cards, _another_question(setup)]


def _another_question(setup: Setup) -> Card:
    """The card for another class of the maps; a target, where there is no other class."""
    whys = {
        "target": say("The same pictures, another question: what moves the target's score?"),
        "true": say(
            "The same pictures, another question: what still moves the true class's score?"
        ),
        "predicted": say(
            "The same pictures, another question: what moves each model's own answer?"
        ),
    }
    others = [name for name in whys if name in setup.roles and name != setup.role]
    if not others:  # neither a known class nor a target
        aim = record(setup.board.standard).classes[0]
        why = say("The same picture, with one answer in mind. Is that one harder to reach?")
        return say("Target: {aim}", aim=term(aim)), why, lambda s: s.with_board(target=aim)
    role = others[0]
    label = term(setup.roles[role] or "what each model says")
    return say("Explain for {label}", label=label), whys[role], lambda s: s.with_explained(role)
