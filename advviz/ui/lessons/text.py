"""The words of a chapter on the page: contents, sections, ways on and ways out."""

from functools import partial

import streamlit as st

from advviz import resources
from advviz.ui import doors, figures, navigation
from advviz.ui.figures import rich, show
from advviz.ui.language import say, term
from advviz.ui.lessons import codes, place
from advviz.ui.lessons.place import Here
from advviz.ui.words import plain

LARGE = "<style>html { font-size: 24px; }</style>"
"""In front of a class: letters from 24 px; pictures grow by themselves."""
TITLES = {file: title for file, title, _ in navigation.PAGES}


def contents(here: Here) -> None:
    """List the chapters; the one that is open stands out."""
    st.html(show(f"<p><b>{rich(say('Chapters'))}</b></p>"))
    with st.container(key="av-contents", gap="xxsmall"):
        for chapter in here.shelf.chapters:
            title = f"{chapter.number} · {plain(chapter.title)}"
            is_open = chapter.name == here.chapter.name
            st.button(
                f"**{title}**" if is_open else title,
                key=f"av.chapter.{chapter.name}",
                type="secondary" if is_open else "tertiary",
                on_click=partial(place.go, here, chapter=chapter),
                width="stretch",
            )
    for sentence in here.shelf.problems:
        st.warning(plain(sentence))


def head(here: Here) -> None:
    """The chapter's title, its idea in a sentence, and the tools of a lecturer."""
    chapter = here.chapter
    title = f"{chapter.number} · {chapter.title}"
    st.html(
        show(
            f'<p class="av-question" role="heading" aria-level="2">{rich(title)}</p>'
            f'<p class="av-answer">{rich(chapter.summary)}</p>'
        )
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.toggle(
            say("Presentation: large type, show of hands"),
            value=here.presenting,
            key=f"av.present.{here.presenting}",
            on_change=partial(place.go, here, presenting=not here.presenting),
        )
        with st.popover(say("Link and QR code"), icon=":material/qr_code_2:"):
            code(here)


def code(here: Here) -> None:
    """The link of what is shown, as a code to point a phone at, and as text to copy."""
    link = here.address
    st.html(
        show(
            f'<img class="av-code" src="{codes.data_uri(link)}" width="240" height="240" '
            f'alt="{rich(say("QR code of the link below"))}">'
        )
    )
    st.code(link, language=None, wrap_lines=True)
    if advice := codes.advice(link):
        st.caption(advice)


def section(here: Here, name: str, title: str) -> None:
    """One part of the chapter's text, formulas typeset."""
    st.markdown(f"### {title}")
    st.markdown(here.chapter.sections[name])


def chooser(here: Here) -> None:
    """Choose among the chapter's experiments, where there are several."""
    if len(here.chapter.experiments) == 1:
        return
    with st.container(horizontal=True, gap="small"):
        for number, experiment in enumerate(here.chapter.experiments, 1):
            is_open = experiment.id == here.experiment.id
            st.button(
                f"{number} · {plain(experiment.title)}",
                key=f"av.experiment.{here.chapter.name}.{experiment.id}",
                type="primary" if is_open else "secondary",
                on_click=partial(place.go, here, experiment=experiment),
            )


def ways_out(here: Here) -> None:
    """Open the same set-up on the page that has all of its controls."""
    named = here.experiment.page
    file = f"{named}.py" if named else doors.PAGE_OF[here.experiment.kind]
    st.page_link(
        resources.pages() / file,
        label=say("Open in {page}, with all controls", page=term(TITLES[file])),
        icon=":material/open_in_new:",
        query_params=here.carried,
    )


def close(here: Here) -> None:
    """What stands below the experiment: exercise, teacher's note, references, the way on."""
    section(here, "look for", say("What to look for"))
    section(here, "exercise", say("Exercise"))
    with st.expander(say("Teacher's note"), icon=":material/school:"):
        st.markdown(here.chapter.sections["teacher"])
    st.markdown(f"### {say('References')}")
    st.markdown("\n".join(f"- {each}" for each in here.chapter.references))
    _onward(here)


def _onward(here: Here) -> None:
    chapters = here.shelf.chapters
    at = [chapter.name for chapter in chapters].index(here.chapter.name)
    left, right = st.columns(2)
    for column, step, arrow in ((left, -1, "←"), (right, 1, "→")):
        if 0 <= at + step < len(chapters):
            there = chapters[at + step]
            title = plain(f"{there.number} · {there.title}")
            label = f"{arrow} {title}" if step < 0 else f"{title} {arrow}"
            with column:
                st.button(
                    label,
                    key=f"av.onward.{step}",
                    on_click=partial(place.go, here, chapter=there),
                    width="stretch",
                )


def breadcrumb(page: str) -> None:
    """On a page that a chapter led to: the way back.

    Args:
        page: the path of the page that is about to run.
    """
    if f"{page}.py" not in doors.PAGE_OF.values():
        return
    found = place.back()
    if found is not None:
        title, words = found
        st.page_link(
            resources.pages() / "lessons.py",
            label=say("Back to chapter {title}", title=plain(title)),
            icon=":material/arrow_back:",
            query_params=words,
        )


def presented(here: Here) -> None:
    """Enlarge everything in front of a class."""
    if here.presenting:
        st.html(LARGE)


def no_chapters(problems: tuple[str, ...]) -> None:
    """Say that there is nothing to teach from, and why."""
    st.html(figures.show(f"<p>{rich(say('There are no chapters.'))}</p>"))
    for sentence in problems:
        st.error(plain(sentence))
