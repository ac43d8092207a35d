"""`advviz app`: serve the app."""

import argparse
from importlib import import_module

from advviz.cli.inputs import whole_number

LAUNCHER = "advviz.ui.launcher"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz app`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default="8501", metavar="N", help="TCP port (%(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="open no browser window")


def execute(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    port = whole_number("port", args.port, 1, 65535)
    # By name: interface and command line do not know each other, and only this command
    # waits for Streamlit.
    launcher = import_module(LAUNCHER)
    print(f"advviz: http://{args.host}:{port} (Ctrl+C stops it)", flush=True)
    launcher.serve(host=args.host, port=port, browser=not args.no_browser)
    return 0
