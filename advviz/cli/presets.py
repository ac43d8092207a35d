"""`advviz presets`: what the presets are to show, and whether the shipped weights show it."""

import argparse
import sys
from typing import Any

from advviz.cli.outputs import print_json
from advviz.errors import InvalidInputError
from advviz.experiments.links import from_link
from advviz.experiments.presets import Preset, catalogue, places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz presets`."""
    parser.add_argument(
        "--known",
        action="store_true",
        help="print what the last screening found, which ships, and compute nothing",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="keep what is found, for the app to offer: Home opens with the first preset",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(args: argparse.Namespace) -> int:
    """Screen every gate, print the table, write it if asked to."""
    if args.known and args.write:
        raise InvalidInputError("--known computes nothing that could be written; leave one out")
    if args.known:
        from advviz.experiments.presets import written

        screened = dict(written())
        if not screened:
            raise InvalidInputError("no screening was written yet; run: advviz presets --write")
    else:
        screened = _screened()
    if args.write:
        from advviz.evaluation.preset_screening import write

        write(screened)
    presets = {preset.id: preset for preset in catalogue()}
    told = [_told(presets[entry["id"]], entry) for entry in screened["presets"]]
    if args.json:
        print_json({**screened, "presets": told})
    else:
        print("\n".join(map(_lines, told)))
        missing = [entry["id"] for entry in told if not entry["passed"]]
        print(f"{len(told) - len(missing)} of {len(told)} pass their gates")
        if missing:
            print(f"not offered, because no candidate passes: {', '.join(missing)}")
    return 0


def _screened() -> dict[str, Any]:
    from advviz.compute import Engine
    from advviz.evaluation.preset_screening import screen_all

    engine = Engine(use_shipped=False)
    try:
        return screen_all(engine, _report if sys.stderr.isatty() else None)
    finally:
        engine.close()


def _report(preset: Preset, candidate: int) -> None:
    print(f"{preset.id}: candidate {candidate + 1} of {len(preset.candidates)}", file=sys.stderr)


def _told(preset: Preset, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry together with the preset's words."""
    link = entry["link"]
    filled = _UNKNOWN if link is None else places(from_link(link), entry["measured"])
    return {
        "id": preset.id,
        "title": preset.title.format(**filled),
        "sentence": preset.sentence.format(**filled),
        "gate": preset.gate,
        "view": dict(preset.view),
        **{name: entry[name] for name in ("passed", "link", "measured", "failed")},
    }


_UNKNOWN = dict.fromkeys(("shown", "target", "eps", "alike"), "…")
"""For the places of a preset that nothing fills."""


def _lines(told: dict[str, Any]) -> str:
    """Write an entry for people: the gate, what was measured, what failed before."""
    lines = [
        f"{'✓' if told['passed'] else '✗'} {told['id']}: {told['title']}",
        f"    gate      {told['gate']}",
    ]
    if told["passed"]:
        lines.append(f"    shows     {_what(told['link'])}")
    lines += [f"    {name}: {_value(value)}" for name, value in told["measured"].items()]
    for failed in told["failed"]:
        found = "; ".join(f"{n}: {_value(v)}" for n, v in failed["measured"].items())
        lines.append(f"    failed    {_what(failed['link'])}: {found}")
    return "\n".join(lines)


def _what(link: str) -> str:
    """Name a candidate: picture, target and budget."""
    filled = places(from_link(link), {})
    shown = f"{filled['shown']} → {filled['target']}" if filled["target"] else filled["shown"]
    eps = f", L2 {filled['eps']}" if filled["eps"] else ""
    image = getattr(from_link(link), "image", "noise")
    return f"{shown.removeprefix(' → ')}{eps} ({image if len(image) < 40 else 'attacked'})"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return f"{len(value)} earlier"
    return f"{value:g}" if isinstance(value, float) else str(value)
