"""``python -m perf.ppa``: run the standard set, write the report, its charts and all figures as JSON."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.designs import ParameterError
from gen.files import write_files
from gen.synth.command import STORE, default_jobs
from gen.synth.errors import SynthesisError
from gen.synth.flow import run_flow
from gen.synth.result import Result
from perf.ppa.carried_over import carried_over
from perf.ppa.charts import draw_charts
from perf.ppa.levels import levels_page, tops
from perf.ppa.publish import FIGURES, publish
from perf.ppa.report import CHARTS, goals_table, make_report
from perf.ppa.standard import standard_set


def main() -> None:
    """Run what is asked for; exits with 1 when a step failed."""
    parser = argparse.ArgumentParser(prog="make ppa", description=__doc__)
    parser.add_argument("--only", metavar="NAME", nargs="+", help="runs of the standard set (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="placements of each (default: 3)")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="tools to run at a time")
    parser.add_argument("--store", type=Path, default=STORE, help=f"where steps are kept (default: {STORE})")
    parser.add_argument("--output", type=Path, default=Path("build/ppa"), help="where the report goes")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="also renew docs/ppa and the README's table; runs that"
        " are not asked for keep their published figures where their Verilog is the same",
    )
    parser.add_argument("--levels", action="store_true", help="every top by Yosys alone: levels and fan-outs")
    options = parser.parse_args()

    requests = tops() if options.levels else standard_set(options.seeds)
    if unknown := [name for name in options.only or [] if name not in requests]:
        parser.error(f"no run is called {unknown[0]!r}: choose from {', '.join(requests)}")
    names = options.only or list(requests)
    try:
        found = run_flow([requests[name] for name in names], store=options.store, jobs=options.jobs)
    except (SynthesisError, ParameterError) as error:
        sys.exit(f"make ppa: {error}")
    results = dict(zip(names, found, strict=True))
    if options.publish and not options.levels:
        others = {name: request for name, request in requests.items() if name not in results}
        results |= carried_over(json.loads(FIGURES.read_text()), others)
        results = {name: results[name] for name in requests if name in results}
    write = _write_levels if options.levels else _write_report
    files = write(results, options)
    print(f"wrote {options.output}/{files[0]}")
    if options.publish:
        publish(options.output, files)
        print("renewed docs/ppa and README.md")
    failures = [line for result in found for line in result.failures]
    for line in failures:
        print(f"make ppa: {line}", file=sys.stderr)
    sys.exit(bool(failures))


def _write_report(results: Mapping[str, Result], options: argparse.Namespace) -> list[str]:
    """Write the report on the standard set; the names of its files."""
    frequency = standard_set(options.seeds)[next(iter(results))].frequency_mhz
    report = make_report(results, seeds=options.seeds, frequency_mhz=frequency)
    figures = _figures(results)
    write_files(options.output, {"report.md": report, "report.json": json.dumps(figures, indent=2) + "\n"})
    draw_charts(figures, options.output)
    print(goals_table(results))
    return ["report.md", "report.json", *CHARTS]


def _write_levels(results: Mapping[str, Result], options: argparse.Namespace) -> list[str]:
    """Write the page on levels and fan-outs; the names of its files."""
    figures = json.dumps(_figures(results), indent=2) + "\n"
    write_files(options.output, {"levels.md": levels_page(results), "levels.json": figures})
    return ["levels.md", "levels.json"]


def _figures(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    return {name: result.to_json() for name, result in results.items()}


if __name__ == "__main__":
    main()
