"""The command line: the same experiments as in the app, for scripts.

Commands are declared and imported when they are asked for, so that `advviz --help` is fast.
"""

from advviz.cli.entry import main

__all__ = ["main"]
