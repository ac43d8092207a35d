"""What a server's answer means for a download, or that there is none."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

LATER = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP: worth another try
HTML = (b"<!doctype", b"<html", b"<?xml")
HTML_CLAUSE = "{host} sent a web page instead of the file, as networks do that want a login first"
REMEDIES = {
    404: "check its address",
    407: "put the login into HTTPS_PROXY",
    410: "check its address",
}
SAYS = {
    401: "has no such file, or not without a login (HTTP 401)",
    403: "refuses to give it (HTTP 403)",
    404: "has no such file (HTTP 404)",
    407: "is behind a proxy that wants a login (HTTP 407)",
    410: "has the file no more (HTTP 410)",
    429: "has had too many requests (HTTP 429)",
}


class TransferError(Exception):
    """Why nothing more can come; its text is a clause, for the sentence of whoever asked.

    Args:
        clause: what went wrong.
        remedy: what may help.
        elsewhere: whether another machine may have more luck.
    """

    def __init__(
        self, clause: str, remedy: str = "try again later", *, elsewhere: bool = True
    ) -> None:
        super().__init__(clause)
        self.remedy, self.elsewhere = remedy, elsewhere


class NotNowError(TransferError):
    """The same, where another try may help."""


def check_status(status: int, host: str) -> None:
    """Refuse every answer but 200 and 206.

    Raises:
        NotNowError: the server may recover.
        TransferError: it will not.
    """
    if status in (200, 206):
        return
    clause = f"{host} {SAYS.get(status, f'answers with HTTP {status}')}"
    if status in LATER:
        raise NotNowError(clause)
    raise TransferError(clause, REMEDIES.get(status, "try again later"))


def starts_at(response: "httpx2.Response") -> int:
    """Return the place in the file of the first byte of an answer; 0 for the whole file."""
    if response.status_code != 206:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else 0


def whole_size(response: "httpx2.Response") -> int | None:
    """Return the size of the whole file in bytes, as an answer tells it; None if it does not."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    if response.status_code in (206, 416):
        told = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() else None


def is_html(content_type: str, begins: bytes = b"") -> bool:
    """Say whether an answer is a web page, by its type or by its first bytes."""
    named = content_type.partition(";")[0].strip().lower()
    if named in ("text/html", "application/xhtml+xml"):
        return True
    return begins.lstrip()[:9].lower().startswith(HTML)


def is_unreachable(error: Exception) -> bool:
    """Say whether a request failed before any server had it."""
    import httpx2

    return isinstance(
        error,
        httpx2.ConnectError
        | httpx2.ConnectTimeout
        | httpx2.ProxyError
        | httpx2.UnsupportedProtocol
        | httpx2.LocalProtocolError,
    )


def explained(error: Exception, host: str) -> str:
    """Return a clause that says why a request had no answer."""
    import httpx2

    detail = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, httpx2.ProxyError):
        return f"the proxy does not let the request through ({detail})"
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return f"{host} cannot be reached from here ({detail})"
    if isinstance(error, httpx2.TimeoutException):
        return f"{host} has stopped answering"
    return f"the connection to {host} broke ({detail})"
