"""Ways into the pages: Home's doors, and links that name an experiment but no page."""

from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from advviz.ui import permalinks
from advviz.ui.language import in_link, say
from advviz.ui.setup import Setup

PAGE_OF = {
    "board": "compare.py",
    "attack": "attack.py",
    "explain": "saliency.py",
    "alike": "saliency.py",
    "units": "saliency.py",
    "visualize": "feature_visualization.py",
    "ladder": "ladder.py",
    "features": "features.py",
    "atlas": "atlas.py",
    "responses": "atlas.py",
}
"""Which page shows a kind of spec."""

Door = tuple[str, str, str, dict[str, str]]


class BareLinks:
    """Sends a link that was pasted behind the app's bare address to the page that shows it.

    On the level of HTTP: a switch of the page in Home's first run would leave the address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or pass on."""
        base = (config.get_option("server.baseUrlPath") or "").strip("/")
        if scope["type"] == "http" and scope["path"].strip("/") == base:
            query = scope["query_string"].decode("latin-1")
            page = PAGE_OF.get(dict(parse_qsl(query)).get("kind", ""))
            if page is not None:
                # Relative, for a proxy may serve the app under a longer path than it knows.
                folder = "" if scope["path"].endswith("/") else f"{base.rpartition('/')[2]}/"
                address = f"{folder}{page.removesuffix('.py')}?{query}"
                await RedirectResponse(address)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def three(shown: Setup) -> list[Door]:
    """Home's three doors: label, page, what is behind it, and the set-up that it opens."""
    spoken = in_link()
    board = permalinks.to_query(shown, "board", ()) | spoken
    another = permalinks.to_query(shown.with_image("sample:mastiff"), "board", ()) | spoken
    return [
        (
            say("**Show me**: both models, side by side"),
            "compare.py",
            say("This example in full: the change itself, two kinds of maps, favourite images."),
            board,
        ),
        (
            say("**Teach me**: eight lessons, with experiments"),
            "lessons.py",
            say("From a first attack to honest measuring: predict before you look, then run it."),
            {"chapter": "1"} | spoken,
        ),
        (
            say("**Let me try**: another picture, another strength"),
            "compare.py",
            say("Choose a picture, or bring your own, and a target; turn the strength up."),
            another,
        ),
    ]
