"""A visitor without a browser: speaks Streamlit's protocol over a websocket.

Like the browser, it keeps the page's address and the widgets' values between runs, and
names the messages that it still has, so that the server need not send them again.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

STREAM = "/_stcore/stream"
Message = Any  # protobuf's classes are made at run time
Words = Mapping[str, Any]


@dataclass
class Run:
    """What came of one run of a page's script.

    Args:
        sent: when it was asked for, on `time.monotonic`, which all processes share.
        frames: when each change of the page came, and the change.
        kinds: of all messages that came, in their order.
        finished: when its end came.
    """

    sent: float
    frames: list[tuple[float, Message]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    finished: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the visitor waited for all of it."""
        return self.finished - self.sent


class Client:
    """One session on a server; `async with Client(url) as client`.

    Args:
        url: of the app, http://...
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("http", "ws", 1) + STREAM
        self._socket: ClientConnection
        self._page, self._query, self._page_hash = "", "", ""
        self._widgets: dict[str, WidgetState] = {}
        self._had: dict[str, Message] = {}  # messages of the last run that may be referred to
        self.elements: dict[tuple[int, ...], Message] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        self._socket = await connect(
            self._url, subprotocols=["streamlit"], max_size=None, open_timeout=60, ping_timeout=None
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave, as a closed tab does."""
        await self._socket.close()

    async def open(self, page: str = "", query: str = "") -> Run:
        """Open a page by its address, and read until its script has finished."""
        self._page, self._query, self._page_hash = page, query, ""
        return await self.read(await self.ask())

    async def rerun(self, *changes: WidgetState) -> Run:
        """Have the page's script run again, with changed widgets."""
        return await self.read(await self.ask(*changes))

    async def ask(self, *changes: WidgetState) -> Run:
        """Ask for a run, and do not wait for it."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self._query, self._page
        state.page_script_hash = self._page_hash
        state.cached_message_hashes.extend(self._had)
        self._widgets |= {change.id: change for change in changes}
        state.widget_states.widgets.extend(self._widgets.values())
        for change in changes:  # a button is up again in the next run
            if change.WhichOneof("value") == "trigger_value":
                del self._widgets[change.id]
        run = Run(time.monotonic())
        await self.send(message)
        return run

    async def send(self, message: Message) -> None:
        """Send any message."""
        await self._socket.send(message.SerializeToString())

    async def read(self, run: Run) -> Run:
        """Read until the run has finished; runs that a newer one replaced do not count."""
        while not await self.follow(run):
            pass
        return run

    async def follow(self, run: Run) -> bool:
        """Read one message; say whether the run has finished."""
        message = ForwardMsg()
        message.ParseFromString(await self._socket.recv(decode=False))
        now = time.monotonic()
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            metadata, message = message.metadata, self._had[message.ref_hash]
            message.metadata.delta_path[:] = metadata.delta_path
            kind = message.WhichOneof("type")
        run.kinds.append(kind)
        if kind == "new_session":
            self.elements.clear()
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta":
            self._take(message)
            run.frames.append((now, message))
        elif kind == "script_finished":
            run.finished = now
            return bool(message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY)
        return False

    def _take(self, message: Message) -> None:
        if message.metadata.cacheable:
            self._had[message.hash] = message
        path = tuple(message.metadata.delta_path)
        if message.delta.WhichOneof("type") == "new_element":
            element = self.elements[path] = message.delta.new_element
            widget = getattr(element, element.WhichOneof("type"))
            if getattr(widget, "set_value", False):  # the script has moved it
                self._widgets.pop(widget.id, None)

    def found(self, kind: str) -> Iterator[Message]:
        """List the page's elements of a kind, such as html or alert, in its order."""
        for _, element in sorted(self.elements.items()):
            if element.WhichOneof("type") == kind:
                yield getattr(element, kind)

    def widget(self, kind: str, label: str) -> Message:
        """Find a widget by its label.

        Raises:
            LookupError: the page has no such widget.
        """
        for widget in self.found(kind):
            if widget.label == label:
                return widget
        raise LookupError(f"the page has no {kind} that is labelled {label!r}")

    def slid(self, label: str, place: int) -> WidgetState:
        """Move a slider to one of its stops, counted from 0."""
        slider = self.widget("slider", label)
        state = WidgetState(id=slider.id)
        state.string_array_value.data.append(slider.options[place])
        return state

    def filled(self, label: str, value: float) -> WidgetState:
        """Type into a field for numbers."""
        return WidgetState(id=self.widget("number_input", label).id, double_value=value)

    def pressed(self, label: str) -> WidgetState:
        """Press a button."""
        return WidgetState(id=self.widget("button", label).id, trigger_value=True)

    @property
    def html(self) -> str:
        """All that the page shows as HTML."""
        return "\n".join(element.body for element in self.found("html"))
