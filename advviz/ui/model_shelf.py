"""Having a model on this machine: downloaded, verified, removed; watched by all who look."""

from functools import partial

import streamlit as st

from advviz.compute import State
from advviz.compute.fetching import Fetch, fetcher
from advviz.errors import AdvvizError
from advviz.models import fetching, shelf, sizes
from advviz.models.model_record import FETCHED, HubCheckpoint, ModelRecord
from advviz.ui import setup as setups
from advviz.ui import state
from advviz.ui.compute import size
from advviz.ui.figures import show, waiting
from advviz.ui.language import quote, say
from advviz.ui.words import plain, title_of

MOVING, STILL = 0.5, 3.0
"""Seconds between two looks at a download: while it moves, and while nobody makes one."""
_SEEN = "av.shelf.seen"
BUSY = "it is being downloaded, or somebody else is at it; try again when that has ended"


def key(described: ModelRecord) -> str:
    """Name a model's download; whoever uses the same key waits for the same one."""
    return f"model:{described.id}"


def offer(described: ModelRecord) -> None:
    """Show what can be done to have a model here, or not to; nothing for other people's files."""
    if not isinstance(described.weights_origin, FETCHED):
        if shelf.weights_path(described) is not None:
            _verify_button(described)
        return
    is_open = _open(fetcher().look(key(described)))
    st.session_state[_SEEN] = _stand(described)
    st.fragment(_look, run_every=MOVING if is_open else STILL)(described)


def was_fetched_here(described: ModelRecord) -> bool:
    """Say whether this session has downloaded a model since the app was started."""
    fetch = fetcher().look(key(described))
    return (
        fetch is not None and fetch.state is State.DONE and fetch.session == state.session()
    ) and shelf.is_on_disk(described)


def _look(described: ModelRecord) -> None:
    """Draw where the download stands; once that is another matter, the whole page anew."""
    if _stand(described) != st.session_state.get(_SEEN):
        st.rerun(scope="app")
    fetch = fetcher().look(key(described))
    if fetch is not None and _open(fetch):
        _moving(described, fetch)
        return
    if fetch is not None and fetch.state is State.FAILED:
        st.error(plain(quote(str(fetch.error))))
    elif fetch is not None and fetch.state is State.CANCELLED:
        st.info(
            say("The download was stopped; what has come stays, and the next one goes on there.")
        )
    if shelf.is_on_disk(described):
        with st.container(horizontal=True, gap="small"):
            _verify_button(described)
            _remove_button(described)
    else:
        st.caption(plain(consent(described)))
        st.button(
            _wanted(described),
            key="av.shelf.fetch",
            type="primary",
            icon=":material/download:",
            on_click=fetch_now,
            args=(described,),
        )


def consent(described: ModelRecord) -> str:
    """Say before a download what comes from where, and what is kept."""
    origin = described.weights_origin
    host = "huggingface.co" if isinstance(origin, HubCheckpoint) else "download.pytorch.org"
    wanted = sizes.download_size(described)
    much = (
        say("about {size}", size=size(wanted))
        if wanted
        else say("a file of a size that is not known beforehand")
    )
    kept = sizes.NETWORKS.get(described.architecture)
    stays = ""
    if kept and isinstance(origin, HubCheckpoint):
        stays = say(
            " The file stays in the hub's cache, and the network alone, {size}, beside.",
            size=size(kept),
        )
    elif kept:
        stays = say(" The network alone is kept, {size}.", size=size(kept))
    return say(
        "This machine downloads {much} from {host}, once for everybody, and checks "
        "it.{stays} Licence: {licence}.",
        much=much,
        host=host,
        stays=stays,
        licence=described.licence,
    )


def _wanted(described: ModelRecord) -> str:
    wanted = sizes.download_size(described)
    return say("Download about {size}", size=size(wanted)) if wanted else say("Download")


def fetch_now(described: ModelRecord) -> None:
    """Start a model's download, or join the one that is open."""
    fetcher().start(key(described), partial(fetching.fetch, described), state.session())


def _moving(described: ModelRecord, fetch: Fetch) -> None:
    done, total = fetch.progress
    if fetch.state is State.WAITING:
        words = say("waiting for 1 other download")
        if fetch.position:
            words = say("waiting for {n} other downloads", n=fetch.position + 1)
    elif total and done >= total:
        words = say("{size} are here and are being checked", size=size(done))
    else:
        words = say("{size} downloaded", size=size(done))
        if total:
            words = say("{size} of {total} downloaded", size=size(done), total=size(total))
    if fetch.stopping:
        words = say("stopping")
    st.html(show(f'<div class="av-asked">{waiting(words, fetch.share or 0.0)}</div>'))
    if fetch.session != state.session():
        st.caption(say("Somebody else has started this download; it will be here for everybody."))
    else:
        st.button(
            say("Stop the download"),
            key="av.shelf.stop",
            on_click=stop,
            args=(described,),
            disabled=fetch.stopping,
        )


def stop(described: ModelRecord) -> None:
    """Stop a download that this session has started."""
    fetcher().cancel(key(described), state.session())


def _verify_button(described: ModelRecord) -> None:
    st.button(
        say("Verify"),
        key="av.shelf.verify",
        icon=":material/fact_check:",
        on_click=verify,
        args=(described,),
        help=say("Read the whole file, and compare its sha256 with the one that it should have."),
    )


def verify(described: ModelRecord) -> None:
    """Say whether a model's weights are whole."""
    title = title_of(described)
    with fetcher().held(key(described), state.session()) as free:
        if not free:
            state.notice(
                say("{title} cannot be verified now: {busy}.", title=title, busy=say(BUSY))
            )
            return
        try:
            whole = shelf.is_whole(described)
        except AdvvizError as error:
            state.notice(f"{quote(str(error))}.")
            return
    remedy = (
        say("remove it and download it again")
        if isinstance(described.weights_origin, FETCHED)
        else say("put the file there again")
    )
    state.notice(
        say("{title} is whole: its sha256 is the one that it should have.", title=title)
        if whole
        else say(
            "{title} is damaged: its sha256 is another than it should have; {remedy}.",
            title=title,
            remedy=remedy,
        )
    )


def _remove_button(described: ModelRecord) -> None:
    with st.popover(say("Remove …"), icon=":material/delete:"):
        st.caption(
            say(
                "Removes it for everybody who uses this machine, the downloaded file as well. "
                "Results that were computed stay; to compute more, it must be downloaded again."
            )
        )
        st.button(
            say("Remove it from this machine"),
            key="av.shelf.remove",
            on_click=remove,
            args=(described,),
        )


def remove(described: ModelRecord) -> None:
    """Remove a downloaded model, unless somebody is downloading it."""
    title = title_of(described)
    with fetcher().held(key(described), state.session()) as free:
        if not free:
            state.notice(say("{title} was not removed: {busy}.", title=title, busy=say(BUSY)))
            return
        try:
            there = fetching.remove(described)
        except AdvvizError as error:
            state.notice(f"{quote(str(error))}.")
            return
    setup = state.get()
    if described.id in (setup.board.standard, setup.board.robust):
        state.change(lambda _: setups.default())
    state.notice(
        say("{title} was removed.", title=title)
        if there
        else say("{title} was not here any more.", title=title)
    )


def _open(fetch: Fetch | None) -> bool:
    return fetch is not None and not fetch.state.is_final


def _stand(described: ModelRecord) -> tuple[bool, bool]:
    return _open(fetcher().look(key(described))), shelf.is_on_disk(described)
