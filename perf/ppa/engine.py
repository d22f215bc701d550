"""What the engine takes beside its array."""

from collections.abc import Iterator, Mapping

from gen.synth.placement import LFE5U_85
from gen.synth.result import Result
from perf.ppa.standard import ENGINES, PIECES, TITLES

__all__ = ["engine", "engine_overhead", "excess"]


def excess(whole: Result, part: Result, kind: str) -> float | None:
    """Cells of one run over those of another, less one; ``kind`` is ``lut`` or ``ff``.

    None where one of the two has not been synthesized, or the other has none.
    """
    if not (whole.area and part.area and getattr(part.area, kind)):
        return None
    return float(getattr(whole.area, kind)) / float(getattr(part.area, kind)) - 1


def engine_overhead(results: Mapping[str, Result], name: str, kind: str) -> float | None:
    """Cells of an engine over those of the run of its array alone, less one; ``kind`` is ``lut`` or ``ff``.

    None where one of the two has not been synthesized.
    """
    whole, array = (results.get(run) for run in (name, ENGINES[name]))
    return excess(whole, array, kind) if whole and array else None


def engine(results: Mapping[str, Result]) -> Iterator[str]:
    """A section on the engines among ``results``, beside the arrays alone with the same parameters."""
    rows = [row for name in ENGINES if name in results for row in _rows(results, name)]
    if not rows:
        return
    device = LFE5U_85.name
    head = "| design | LUT4 | FF | RAM | Fmax | overhead in LUT4 | overhead in FF |"
    lines = [head, "| --- |" + " ---: |" * 6, *rows]
    settings = (f"- {TITLES[name]}: {_settings(results[name])}." for name in ENGINES if name in results)
    yield (
        "## Engine overhead over the array\n\n`mixdit_gemm` with registers, memory port, operand buffers and"
        f" result path, beside the array alone with the same parameters. Shares are of the {device}; Fmax is"
        " with chain ends trimmed.\n\n" + "\n".join([*lines, "", *settings, *_bounds(results)])
    )


def _bounds(results: Mapping[str, Result]) -> Iterator[str]:
    """What is known of the Fmax of engines that are larger than the device."""
    for name, pieces in PIECES.items():
        runs = {run: _mhz(results[run]) for run in (ENGINES[name], *pieces) if run in results}
        known = {run: mhz for run, mhz in runs.items() if mhz is not None}
        if len(known) == 1 + len(pieces):
            slowest = min(known, key=lambda run: known[run])
            yield (
                f"\nThe {TITLES[name]}, does not fit as a whole, so its pieces were placed and routed alone:"
                " the array, the result path, and all else with the array's control. Paths that lead from one"
                " piece into another are not measured."
                f" A device of this family that held the engine would run it at {known[slowest]:.0f} MHz at"
                f" most, that of its slowest piece ({TITLES[slowest]})."
            )


def _rows(results: Mapping[str, Result], name: str) -> Iterator[str]:
    for run in (ENGINES[name], name, *PIECES.get(name, ())):
        result = results.get(run)
        if not (result and result.area):
            continue
        overheads = (engine_overhead(results, name, kind) if run == name else None for kind in ("lut", "ff"))
        cells = (
            TITLES[run],
            *(
                f"{number:,} ({number / available:.0%})"
                for number, available in (
                    (result.area.lut, LFE5U_85.lut),
                    (result.area.ff, LFE5U_85.ff),
                    (result.area.ram, LFE5U_85.ram),
                )
            ),
            _fmax(result),
            *("" if share is None else f"{share:+.0%}" for share in overheads),
        )
        yield f"| {' | '.join(cells)} |"


def _mhz(result: Result) -> float | None:
    return result.trimmed.fmax_mhz if result.trimmed else None


def _fmax(result: Result) -> str:
    if mhz := _mhz(result):
        return f"{mhz:.0f} MHz"
    assert result.area
    return "not placed" if LFE5U_85.holds(result.area) else "does not fit"


def _settings(result: Result) -> str:
    return ", ".join(f"{name}={value}" for name, value in result.built.parameters.items())
