"""Where the pictures come from that can be chosen: the gallery, a folder, this session."""

from collections import Counter

from advviz.data import gallery, picture_folder
from advviz.models.classes import known_class
from advviz.models.records import ModelRecord
from advviz.ui import own_pictures
from advviz.ui.figures import behind, rich, show, table
from advviz.ui.language import quote, say, term

FOLDER_SHOWN = 12


def draw(described: ModelRecord) -> str:
    """Say of every source how many pictures it has, with their makers and licences.

    Args:
        described: whose classes the gallery's pictures are named by.
    """
    samples, offered = gallery.samples(), gallery.samples(described.input_size)
    known = sum(known_class(described, sample.shows.values()) is not None for sample in offered)
    size = described.input_size
    told = say(
        "**Gallery: {n} pictures** that need no network and show no person. The models in "
        "use are offered the {offered} that have {size} × {size} pixels or more, and have a class "
        "for {known} of these.",
        n=len(samples),
        offered=len(offered),
        size=size,
        known=known,
    )
    rows = [
        (
            term(sample.title),
            term(known_class(described, sample.shows.values()) or "no class of these"),
            quote(sample.origin),
            f"{sample.package}/{sample.file}",
        )
        for sample in samples
    ]
    head = (say("Picture"), say("It shows"), say("Made by, licence"), say("File"))
    return (
        show(f"<p>{rich(told)}</p>")
        + behind(say("every picture, with source and licence"), table(head, rows))
        + show(f"<p>{rich(_folder())}</p><p>{rich(_brought())}</p>")
    )


def _folder() -> str:
    folder = picture_folder.offered()
    if folder is None:
        return say(
            "**Folder: none.** Start the app with advviz app --images FOLDER to offer "
            "pictures of your own to everybody who uses it; sub-folders name their classes."
        )
    entries = folder.entries()
    groups = Counter(entry.groups[0] if entry.groups else "" for entry in entries)
    named = [f"{name or say('no sub-folder')} ({n})" for name, n in groups.items()]
    more = ", …" if len(named) > FOLDER_SHOWN else ""
    partial = say("; it has more than are offered") if folder.is_partial else ""
    return say(
        "**Folder: {n} pictures** of the owner of this app{partial}: {groups}{more}.",
        n=len(entries),
        partial=partial,
        groups=", ".join(named[:FOLDER_SHOWN]) or say("none that can be used"),
        more=more,
    )


def _brought() -> str:
    count = len(own_pictures.refs())
    if not count:
        return say(
            "**Yours: none yet.** Bring files or a photo on Compare, Attack or Saliency; they "
            "stay in this server's memory for a while and never reach a disk."
        )
    return say(
        "**Yours: {count} of this session**, to be chosen on Compare, Attack and Saliency. "
        "They are in this server's memory for a while and never reach a disk.",
        count=count,
    )
