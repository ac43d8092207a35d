"""Pictures that visitors bring: kept by digest in this process's memory, and bounded."""

import hashlib
from collections import OrderedDict
from io import BytesIO
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from advviz.data.decoding import decode
from advviz.errors import InvalidInputError, UnknownNameError

PREFIX = "sha256:"
MAX_SIDE = 1024
LIMIT_BYTES = 64 * 2**20
EXACT_MAGIC = b"\x93NUMPY"  # how the file of an exact array begins; no picture's does


class UploadStore:
    """Pictures by the digest of their pixels; the least recently used go first.

    Safe to use from several threads. Only pixels are kept: no name, no metadata.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """Start empty; the kept files never exceed `limit_bytes` together."""
        self._limit = limit_bytes
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def kept_bytes(self) -> int:
        """Count the bytes that are held now."""
        return self._bytes

    def store(self, data: bytes) -> str:
        """Decode a file and keep its picture, at most 1024 pixels on the long side.

        Args:
            data: the bytes of a PNG, JPEG or WebP file.

        Returns:
            The image reference, "sha256:<hex>". Equal pixels have equal references.

        Raises:
            InvalidInputError: the file cannot be used; see `decode`.
        """
        image, digest = _reduced(data)
        buffer = BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        self._keep(digest, buffer.getvalue())
        return PREFIX + digest

    def store_exact(self, pixels: NDArray[np.float32]) -> str:
        """Keep pixels as they are, for a network that receives exactly these.

        Args:
            pixels: float32 [3, S, S] in [0, 1].

        Returns:
            The image reference, "sha256:<hex>".

        Raises:
            InvalidInputError: another shape or type, or a value outside [0, 1].
        """
        _check_exact(pixels)
        buffer = BytesIO()
        np.save(buffer, np.ascontiguousarray(pixels, "<f4"), allow_pickle=False)
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        self._keep(digest, buffer.getvalue())
        return PREFIX + digest

    def fetch(self, digest: str) -> Image.Image:
        """Give back a kept picture; of exact pixels, what 8 bits show of them.

        Args:
            digest: "sha256:<hex>", or the hexadecimal digits alone.

        Returns:
            The picture, of mode RGB.

        Raises:
            UnknownNameError: no picture of that digest is kept, or not any more.
        """
        file = self._file(digest)
        if not file.startswith(EXACT_MAGIC):
            return decode(file)
        levels = np.rint(_exact(file).transpose(1, 2, 0) * 255).astype(np.uint8)
        return Image.fromarray(levels)

    def fetch_exact(self, digest: str) -> NDArray[np.float32] | None:
        """Give back exact pixels [3, S, S]; None where a picture was stored.

        Raises:
            UnknownNameError: no picture of that digest is kept, or not any more.
        """
        file = self._file(digest)
        return _exact(file) if file.startswith(EXACT_MAGIC) else None

    def holds(self, digest: str) -> bool:
        """Say whether a picture or exact pixels of that digest are kept."""
        return digest.removeprefix(PREFIX) in self._files

    def _file(self, digest: str) -> bytes:
        """Find a kept file and mark it as used."""
        name = digest.removeprefix(PREFIX)
        with self._lock:
            file = self._files.get(name)
            if file is not None:
                self._files.move_to_end(name)
        if file is None:
            raise UnknownNameError(
                f"the uploaded picture {PREFIX}{name[:8]} is not on this server, or no longer; "
                "upload it again, or choose a picture of the gallery"
            )
        return file

    def _keep(self, digest: str, file: bytes) -> None:
        """Put a file last in line, and drop the first ones that no longer fit."""
        with self._lock:
            self._bytes += len(file) - len(self._files.pop(digest, b""))
            self._files[digest] = file
            while self._bytes > self._limit:
                _, dropped = self._files.popitem(last=False)
                self._bytes -= len(dropped)


def _reduced(data: bytes) -> tuple[Image.Image, str]:
    """Decode a file as it is kept, and give the digest of its pixels."""
    image = decode(data)
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=None)
    return image, hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()


def reference(data: bytes) -> str:
    """Return the reference that `UploadStore.store` gives a file, without keeping anything.

    Raises:
        InvalidInputError: the file cannot be used; see `decode`.
    """
    return PREFIX + _reduced(data)[1]


def _exact(file: bytes) -> NDArray[np.float32]:
    pixels: NDArray[np.float32] = np.load(BytesIO(file), allow_pickle=False)
    return pixels


def _check_exact(pixels: NDArray[np.float32]) -> None:
    square = pixels.ndim == 3 and pixels.shape[0] == 3 and pixels.shape[1] == pixels.shape[2] > 0
    if pixels.dtype != np.float32 or not square:
        raise InvalidInputError(
            f"exact pixels must be float32 [3, S, S], got {pixels.dtype} {list(pixels.shape)}"
        )
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # so that NaN fails too
        raise InvalidInputError(
            f"exact pixels must lie in [0, 1], got {pixels.min():.4g} to {pixels.max():.4g}"
        )


_STORE = UploadStore()


def store(data: bytes) -> str:
    """Keep an uploaded file's picture for this process; see `UploadStore.store`."""
    return _STORE.store(data)


def holds(digest: str) -> bool:
    """Say whether this process keeps a picture; see `UploadStore.holds`."""
    return _STORE.holds(digest)


def fetch(digest: str) -> Image.Image:
    """Give back an uploaded picture of this process; see `UploadStore.fetch`."""
    return _STORE.fetch(digest)


def store_exact(pixels: NDArray[np.float32]) -> str:
    """Keep exact pixels for this process; see `UploadStore.store_exact`."""
    return _STORE.store_exact(pixels)


def fetch_exact(digest: str) -> NDArray[np.float32] | None:
    """Give back exact pixels of this process; see `UploadStore.fetch_exact`."""
    return _STORE.fetch_exact(digest)
