"""Fixtures and the summary at the end of a pytest run."""

import pytest

from verif.coverage import Coverage, Tally, merge, read_tallies
from verif.runner import BenchResult, run_bench, seed

PROPERTY = "mixdit_tally"
"""Name of the report property that carries a tally from a test process to the summary."""


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


def pytest_report_header() -> str:
    return f"MIXDIT_SEED={seed()}"


def pytest_terminal_summary(terminalreporter) -> None:
    reports = [
        r for group in ("passed", "failed") for r in terminalreporter.getreports(group) if r.when == "call"
    ]
    tallies = merge(Tally.from_json(v) for r in reports for name, v in r.user_properties if name == PROPERTY)
    if not tallies:
        return
    terminalreporter.section("hardware against golden")
    for tally in sorted(tallies, key=lambda tally: tally.name):
        bins = f"{tally.full}/{len(tally.hits)} bins" if tally.hits else ""
        terminalreporter.write_line(f"{tally.name:<28} {tally.outputs:>12,} outputs  {bins}")
    full, bins = sum(t.full for t in tallies), sum(len(t.hits) for t in tallies)
    outputs = sum(t.outputs for t in tallies)
    terminalreporter.write_line(f"{'total':<28} {outputs:>12,} outputs  {full}/{bins} bins")
