"""Serves the app, and tells on the first line what the running server's settings are."""

import json
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamlit import App, config

from advviz.ui import launcher

begins = launcher.lifespan
port, *names = sys.argv[1:]  # serving replaces them


@asynccontextmanager
async def telling(app: App) -> AsyncIterator[None]:
    """Tell, once the server's own lifespan has begun."""
    async with begins(app):
        options = {name: config.get_option(name) for name in names}
        threads = [thread.name for thread in threading.enumerate()]
        sys.stdout.write(json.dumps({"options": options, "threads": threads}) + "\n")
        sys.stdout.flush()
        yield


if __name__ == "__main__":
    launcher.lifespan = telling
    launcher.serve(port=int(port), browser=False)
