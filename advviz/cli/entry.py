"""The command `advviz`: which subcommand is meant, and how failure is told."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from advviz import __version__
from advviz.errors import AdvvizError, InvalidInputError

COMMANDS = {
    "app": "open the app in a browser",
    "models": "list the models; fetch, verify or remove the weights of one",
    "predict": "say what a model takes an image for",
    "attack": "change an image so that a model takes it for something else",
    "explain": "draw which pixels move a model's answer",
    "trust": "test whether there is reason to believe a map that explain draws",
    "alike": "measure whether a map of an attacked image is still the map from before",
    "units": "list the units of a layer that an attack turned on and off",
    "visualize": "draw what excites a class, unit or channel of a model",
    "atlas": "draw what excites every unit of a layer, as one sheet",
    "responses": "say what the units of a layer answer to sample images, and where in them",
    "board": "draw an attack and its maps for a standard and a robust model, as one picture",
    "ladder": "draw the same for a family of models, by training strength, as one picture",
    "noise": "change an image at random instead, many times: the control of an attack",
    "smallest": "search the smallest change of an image that fools a model",
    "defences": "try JPEG, blur, noise and the like on an attacked image",
    "surface": "ask a model about every point of a grid around an attacked image",
    "lab": "train small networks: do brittle features help, and what makes a network robust",
    "evaluate": "measure clean and robust accuracy on a folder of images",
    "explanations": "measure explanations: methods x models, and where a measure fails",
    "report": "write an experiment as a page of HTML that prints on one A4 page",
    "presets": "screen the prepared set-ups on the shipped weights, and list them",
    "cache": "measure, verify or empty the results that are kept on disk",
    "train": "make the weights of a bundled model",
}

USAGE_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
PIPE_CLOSED = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: words after the program's name; those of this process if None.

    Returns:
        The exit code: 0; 2 after one sentence on stderr, for what cannot be done as asked;
        130 when interrupted.
    """
    try:
        args = parse(sys.argv[1:] if argv is None else argv)
        code: int = command(args.command).execute(args)
        sys.stdout.flush()
    except SystemExit as finished:  # of --help and --version
        return int(finished.code or 0)
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except AdvvizError as error:
        return _complain(str(error))
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _complain(f"the system refused: {what}")
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read command-line words.

    Raises:
        InvalidInputError: words that are no command, in one sentence.
    """
    parser = Parser(
        prog="advviz",
        description="See why neural networks are fooled, and what they look at.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"advviz {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words_of_help in COMMANDS.items():
        subparser = commands.add_parser(
            name, help=words_of_help, description=words_of_help, allow_abbrev=False
        )
        if name in words:
            command(name).add_arguments(subparser)
    return parser.parse_args(words)


def command(name: str) -> ModuleType:
    """Import the module of a subcommand: it has `add_arguments` and `execute`."""
    return import_module(f"advviz.cli.{name}")


class Parser(argparse.ArgumentParser):
    """A parser that fails in one sentence, without its usage."""

    def error(self, message: str) -> NoReturn:
        """Raise InvalidInputError."""
        raise InvalidInputError(f"{message}; see {self.prog} --help")


def _complain(sentence: str) -> int:
    print("advviz:", " ".join(sentence.split()), file=sys.stderr)
    return USAGE_ERROR


def _drop_output() -> None:
    """Point stdout at nothing, so that flushing it at exit does not fail once more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
