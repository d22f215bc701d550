"""Fixtures and the summary at the end of a pytest run."""

from collections import Counter

import pytest

from verif.coverage import Coverage, Tally, merge, read_tallies
from verif.runner import BenchResult, run_bench, seed

PROPERTY = "mixdit_tally"
"""Name of the report property that carries a tally from a test process to the summary."""

TABLE = "mixdit_table"
"""The same for counts in a row of a table."""


@pytest.fixture
def bench(request, tmp_path):
    """``run_bench`` in this test's own folder; its coverage joins the session's summary."""

    def run(core, name: str, test_module: str, **options) -> BenchResult:
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        result = run_bench(core, name, test_module, folder=folder, **options)
        request.node.user_properties.extend((PROPERTY, tally.to_json()) for tally in read_tallies(folder))
        return result

    return run


@pytest.fixture
def summarize(request):
    """``summarize(coverage)``: add the coverage of a test without cocotb to the session's summary."""

    def add(coverage: Coverage) -> None:
        request.node.user_properties.append((PROPERTY, coverage.tally.to_json()))

    return add


@pytest.fixture
def tabulate(request):
    """``tabulate(title, row, counts)``: add counts to a row of a table that the session's summary shows."""

    def add(title: str, row: str, counts: dict[str, int]) -> None:
        request.node.user_properties.append((TABLE, [title, row, counts]))

    return add


def pytest_report_header() -> str:
    return f"MIXDIT_SEED={seed()}"


def pytest_terminal_summary(terminalreporter) -> None:
    reports = [
        r for group in ("passed", "failed") for r in terminalreporter.getreports(group) if r.when == "call"
    ]
    properties = [item for r in reports for item in r.user_properties]
    _write_tables(terminalreporter, [value for name, value in properties if name == TABLE])
    tallies = merge(Tally.from_json(value) for name, value in properties if name == PROPERTY)
    if not tallies:
        return
    terminalreporter.section("hardware against golden")
    for tally in sorted(tallies, key=lambda tally: tally.name):
        bins = f"{tally.full}/{len(tally.hits)} bins" if tally.hits else ""
        terminalreporter.write_line(f"{tally.name:<28} {tally.outputs:>12,} outputs  {bins}")
    full, bins = sum(t.full for t in tallies), sum(len(t.hits) for t in tallies)
    outputs = sum(t.outputs for t in tallies)
    terminalreporter.write_line(f"{'total':<28} {outputs:>12,} outputs  {full}/{bins} bins")


def _write_tables(terminalreporter, entries) -> None:
    """Tables of counts by title and row, the counts of equal rows summed."""
    tables = {}
    for title, row, counts in entries:
        total = tables.setdefault(title, {}).setdefault(row, Counter())
        total.update(counts)
    for title, rows in tables.items():
        columns = list(next(iter(rows.values())))
        rows["total"] = sum(rows.values(), Counter(dict.fromkeys(columns, 0)))
        terminalreporter.section(title)
        widths = {column: max(len(column), len(f"{rows['total'][column]:,}")) for column in columns}
        titles = [f"{column:>{width}}" for column, width in widths.items()]
        terminalreporter.write_line("  ".join([" " * 22, *titles]))
        for row, counts in rows.items():
            cells = [f"{counts[column]:>{width},}" for column, width in widths.items()]
            terminalreporter.write_line("  ".join([f"{row:<22}", *cells]))
