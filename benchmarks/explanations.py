"""The bundled pairs over the bundled pictures: methods x measures, with maps that know nothing.

    python -m benchmarks.explanations [--measure]

Writes the tables that ship (assets/figures/explanations.json) into RESULTS.md; with --measure
they are measured first.
"""

import argparse
from collections.abc import Iterator

from advviz.evaluation.explanations import shipped
from advviz.evaluation.explanations.as_text import markdown, written
from advviz.evaluation.explanations.table import Table
from advviz.models.records import record
from benchmarks import report

TITLE = "Explanations measured"


def main() -> None:
    """Measure if asked to, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--measure", action="store_true", help="measure before writing")
    parser.add_argument("--dry", action="store_true", help="print only")
    args = parser.parse_args()
    if args.measure:
        shipped.make()
    lines = [line for table in shipped.tables() for line in section(table)]
    report.write("explanations", TITLE, lines, dry=args.dry)


def section(table: Table) -> Iterator[str]:
    """Write one pair: its conditions, its table, what fails, alignment."""
    plan = table["plan"]
    yield f"### {' and '.join(table['weights'])}"
    yield ""
    yield (
        f"{table['n']} bundled pictures; explained: {table['explained']}; absent pixels: "
        f"{' and '.join(plan['replacements'])}; {plan['steps']} steps; pixels ranked by "
        f"{plan['ranked']}; {plan['changes']} squares; {plan['neighbours']} nearby pictures. "
        f"Intervals: {table['intervals']}. Maps that know nothing in italics; ↑ better high, ↓ "
        "better low."
    )
    told = (f"{name} ({options})" for name, options in plan["options"].items() if options)
    yield f"Methods are told: {'; '.join(told)}."
    yield ""
    yield from markdown(table)
    yield from (f"- {verdict['sentence']}" for verdict in table["verdicts"])
    yield ""
    for figure in table["alignment"]:
        values = (f"{record(m).title} {written(v)}" for m, v in figure["models"].items())
        differences = (written(each["difference"]) for each in figure["robust_minus_standard"])
        yield (
            f"- {figure['title']}: {'; '.join(values)}; robust − standard "
            f"{'; '.join(differences)}. {figure['meaning']}"
        )
    yield ""


if __name__ == "__main__":
    main()
