"""Files on the Hugging Face hub, through its own client, and their place in its cache.

The client knows the addresses (HF_ENDPOINT), the login, the proxies, whether the network may
be used (HF_HUB_OFFLINE) and the layout of its cache (HF_HOME). It does not move the bytes:
when one of its downloads is stopped, by HTTP or by Xet, all that has come is thrown away, and
it has no digest to check. So the bytes come by plain HTTP, which the hub serves for every
file, through the client's session (see `transfer`), and the client gives them their name.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from advviz.errors import InvalidInputError, WeightsError
from advviz.models.answers import HTML_CLAUSE, SAYS, TransferError, check_status
from advviz.models.persistence import persist
from advviz.models.transfer import Report, Source

if TYPE_CHECKING:
    import httpx2

DIGEST = re.compile(r"[0-9a-f]{64}")
TERMS = "agree to its terms on its page and log in with `hf auth login`"
COMMIT = re.compile(r"[0-9a-f]{40}")
REMEDIES = {401: TERMS, 403: TERMS, 404: "check its name and revision"}
MISSING = (
    "models are downloaded with huggingface_hub, which is not installed; "
    "run pip install huggingface_hub"
)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a model repository of the hub.

    Args:
        repository: owner and name, with a slash between them.
        revision: the commit, 40 hexadecimal digits; of a branch or tag, downloads pin the commit
            of its first use.
        name: of the file, with its folders.
        sha256: 64 hexadecimal digits; None where it is recorded at first use.
        size: in bytes, if it is known.
    """

    repository: str
    revision: str
    name: str
    sha256: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        parts = PurePosixPath(self.name).parts
        if not re.fullmatch(r"(\w[\w.-]*/)?\w[\w.-]*", self.repository):
            raise InvalidInputError(
                f"a repository of the hub is called OWNER/NAME, got {self.repository!r}"
            )
        if not parts or ".." in parts or parts[0] == "/" or "\\" in self.name:
            raise InvalidInputError(f"a file of the hub has a relative name, got {self.name!r}")
        if self.sha256 is not None and not DIGEST.fullmatch(self.sha256):
            raise InvalidInputError(
                f"a sha256 has 64 hexadecimal digits in lower case, got {self.sha256!r}"
            )

    def __str__(self) -> str:
        """Name the file for people."""
        return f"{self.name} of {self.repository}"

    @property
    def is_pinned(self) -> bool:
        """Say whether the revision is a commit, whose files never change."""
        return COMMIT.fullmatch(self.revision) is not None

    @property
    def key(self) -> str:
        """Name the file for the book of digests."""
        return f"{self.repository}@{self.revision}/{self.name}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the hub says of a file.

    Args:
        source: where its bytes come from.
        commit: that the revision is at this moment.
        blob: where the cache keeps them, under the hub's own name for them.
    """

    source: Source
    commit: str
    blob: Path

    @property
    def sha256(self) -> str | None:
        """Return the digest that the hub declares: large files are named by it."""
        return self.blob.name if DIGEST.fullmatch(self.blob.name) else None


def client() -> Any:
    """Import the hub's client.

    Raises:
        WeightsError: it is not installed.
    """
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError as error:
        raise WeightsError(MISSING) from error
    return huggingface_hub


def session() -> "httpx2.Client":
    """Return the client's session, with its proxies and its hooks."""
    found: httpx2.Client = client().get_session()
    return found


def address(file: HubFile) -> str:
    """Return where the hub serves a file."""
    return str(client().hf_hub_url(file.repository, file.name, revision=file.revision))


def cached(file: HubFile) -> Path | None:
    """Return a file's place in the hub's cache if it is there; asks no network."""
    try:
        found = client().try_to_load_from_cache(file.repository, file.name, revision=file.revision)
    except WeightsError:
        return None
    return Path(found) if isinstance(found, str) else None


def declared(path: Path) -> str | None:
    """Return the sha256 by which the cache names the bytes of a file, if it does."""
    blob = path.readlink().name if path.is_symlink() else ""
    return blob if DIGEST.fullmatch(blob) else None


def ask(file: HubFile, report: Report) -> Offer:
    """Ask the hub for a file's size and digest.

    Raises:
        TransferError: there is no network, no hub or no such file; a clause says which.
    """
    url = address(file)
    host = Source(url).host
    found = persist(lambda: _metadata(url, host), host, lambda: 0, lambda: report(0, file.size))
    if found.commit_hash is None or not re.fullmatch(r"[\w-]+", found.etag or ""):
        raise TransferError(HTML_CLAUSE.format(host=host))
    if None not in (found.size, file.size) and found.size != file.size:
        raise TransferError(f"{host} offers {found.size} bytes where {file.size} are expected")
    size = file.size if found.size is None else found.size
    headers = client().utils.build_hf_headers(library_name="advviz")
    source = Source(url, size, headers)
    return Offer(source, found.commit_hash, _shelf(file) / "blobs" / found.etag)


def unfinished(file: HubFile, offer: Offer) -> Path:
    """Return where a file grows: beside its place, so that it gets there by being renamed."""
    return offer.blob.with_name(f"{offer.blob.name}{_mark(file)}")


def put_away(file: HubFile, offer: Offer) -> Path:
    """Let the client give a file its name, once its bytes are in the cache.

    Raises:
        TransferError: the client asks the hub once more, which failed; the bytes stay.
    """
    import httpx2

    hub = client()
    try:
        path = Path(hub.hf_hub_download(file.repository, file.name, revision=file.revision))
    except (httpx2.HTTPError, hub.errors.LocalEntryNotFoundError) as error:
        cause = " ".join(str(error.__cause__ or error).split())
        raise TransferError(f"the hub did not answer to the end ({cause})") from error
    if not path.is_symlink():  # where there are no links, the client has made a copy
        offer.blob.unlink(missing_ok=True)
    return path


def forget(file: HubFile, *, damaged: bool = False) -> None:
    """Remove a file from the hub's cache, with what there is of an unfinished one.

    Args:
        file: of this revision.
        damaged: remove its bytes even where another revision has the same.
    """
    shelf = _shelf(file)
    for part in (shelf / "blobs").glob(f"*{_mark(file)}*"):
        part.unlink(missing_ok=True)
    path = cached(file)
    if path is None:
        return
    blob = path.parent / path.readlink() if path.is_symlink() else None
    path.unlink(missing_ok=True)
    if blob is None:
        return
    links = (other for other in (shelf / "snapshots").rglob("*") if other.is_symlink())
    if damaged or not any(other.resolve() == blob.resolve() for other in links):
        blob.unlink(missing_ok=True)


def _metadata(url: str, host: str) -> Any:
    hub = client()
    try:
        return hub.get_hf_file_metadata(url)
    except hub.errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in REMEDIES:
            raise TransferError(f"{host} {SAYS[status]}", REMEDIES[status]) from error
        check_status(status, host)
        raise TransferError(str(error).partition("\n")[0]) from error
    except hub.errors.OfflineModeIsEnabled as error:
        raise TransferError("HF_HUB_OFFLINE forbids the network", "unset it") from error


def _mark(file: HubFile) -> str:
    """Return how the names of this file's unfinished bytes end."""
    return f".{hashlib.sha256(file.key.encode()).hexdigest()[:12]}.advviz-part"


def _shelf(file: HubFile) -> Path:
    """Return the repository's folder in the hub's cache."""
    folder = f"models--{file.repository.replace('/', '--')}"
    return Path(client().constants.HF_HUB_CACHE) / folder
