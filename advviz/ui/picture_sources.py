"""Where the pictures come from that can be chosen: the gallery, a folder, this session."""

from collections import Counter

from advviz.data import gallery, picture_folder
from advviz.models.classes import known_class
from advviz.models.records import ModelRecord
from advviz.ui import own_pictures
from advviz.ui.figures import behind, rich, show, table

FOLDER_SHOWN = 12


def draw(described: ModelRecord) -> str:
    """Say of every source how many pictures it has, with their makers and licences.

    Args:
        described: whose classes the gallery's pictures are named by.
    """
    samples, offered = gallery.samples(), gallery.samples(described.input_size)
    known = sum(known_class(described, sample.shows.values()) is not None for sample in offered)
    size = described.input_size
    told = (
        f"**Gallery: {len(samples)} pictures** that need no network and show no person. The "
        f"models in use are offered the {len(offered)} that have {size} × {size} pixels or more, "
        f"and have a class for {known} of these."
    )
    rows = [
        (
            sample.title,
            known_class(described, sample.shows.values()) or "no class of these",
            sample.origin,
            f"{sample.package}/{sample.file}",
        )
        for sample in samples
    ]
    head = ("Picture", "It shows", "Made by, licence", "File")
    return (
        show(f"<p>{rich(told)}</p>")
        + behind("every picture, with source and licence", table(head, rows))
        + show(f"<p>{rich(_folder())}</p><p>{rich(_brought())}</p>")
    )


def _folder() -> str:
    folder = picture_folder.offered()
    if folder is None:
        return (
            "**Folder: none.** Start the app with `advviz app --images FOLDER` to offer "
            "pictures of your own to everybody who uses it; sub-folders name their classes."
        ).replace("`", "")
    entries = folder.entries()
    groups = Counter(entry.groups[0] if entry.groups else "" for entry in entries)
    named = [f"{name or 'no sub-folder'} ({n})" for name, n in groups.items()]
    more = ", …" if len(named) > FOLDER_SHOWN else ""
    partial = "; it has more than are offered" if folder.is_partial else ""
    return (
        f"**Folder: {len(entries)} pictures** of the owner of this app{partial}: "
        f"{', '.join(named[:FOLDER_SHOWN]) or 'none that can be used'}{more}."
    )


def _brought() -> str:
    count = len(own_pictures.refs())
    if not count:
        return (
            "**Yours: none yet.** Bring files or a photo on Compare, Attack or Saliency; they stay "
            "in this server's memory for a while and never reach a disk."
        )
    return (
        f"**Yours: {count} of this session**, to be chosen on Compare, Attack and Saliency. They "
        "are in this server's memory for a while and never reach a disk."
    )
