"""`advviz app`: serve the app."""

import argparse
import os
import re
from importlib import import_module
from pathlib import Path

from advviz.cli.inputs import whole_number
from advviz.data.picture_folder import VARIABLE
from advviz.errors import InvalidInputError

LAUNCHER = "advviz.ui.launcher"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz app`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default="8501", metavar="N", help="TCP port (%(default)s)")
    parser.add_argument(
        "--models",
        metavar="DIR",
        help="folder of your own models, and of fetched ones",
    )
    parser.add_argument(
        "--images",
        metavar="DIR",
        help="a folder of your own pictures, shown to everybody who opens the app; its sub-folders "
        "may be named after classes or WordNet ids (default: $ADVVIZ_IMAGES, or none)",
    )
    parser.add_argument(
        "--base-path",
        metavar="PATH",
        default="",
        help="of the address, where a proxy serves the app under a path of a site, as lab in "
        "https://example.org/lab (default: none)",
    )
    parser.add_argument(
        "--login",
        action="store_true",
        help="show the pages only to who has logged in, as [auth] in .streamlit/secrets.toml says "
        "(default: $ADVVIZ_LOGIN, or everybody may look)",
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser window")


def execute(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    port = whole_number("port", args.port, 1, 65535)
    base = _base(args.base_path)
    if args.models is not None:
        if not Path(args.models).is_dir():
            raise InvalidInputError(f"--models must name a folder, got {args.models!r}; make it")
        os.environ["ADVVIZ_MODELS"] = str(Path(args.models).absolute())
    if args.login:
        os.environ["ADVVIZ_LOGIN"] = "1"
    _offer(args.images or os.environ.get(VARIABLE))
    # By name: interface and command line do not know each other, and only this command
    # waits for Streamlit.
    launcher = import_module(LAUNCHER)
    address = f"http://{args.host}:{port}/{base}".rstrip("/")
    print(f"advviz: {address} (Ctrl+C stops it)", flush=True)
    launcher.serve(host=args.host, port=port, browser=not args.no_browser, base_path=base)
    return 0


def _base(path: str) -> str:
    """Check the path of an address, and take the slashes around it off."""
    base = path.strip("/")
    if base and not re.fullmatch(r"(?!\.)[\w.~-]+(/(?!\.)[\w.~-]+)*", base, re.ASCII):
        raise InvalidInputError(
            f"--base-path must be letters, digits, -, _, ~ and . between slashes, got {path!r}"
        )
    return base


def _offer(images: str | None) -> None:
    """Have the app show a folder's pictures, once it is known to be a folder."""
    if images:
        if not Path(images).is_dir():
            raise InvalidInputError(
                f"images must be a folder that is there, got {images!r}; name one that holds "
                "PNG, JPEG or WebP files"
            )
        os.environ[VARIABLE] = str(Path(images).resolve())
