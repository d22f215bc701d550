"""Other formats beside our own, in one flow."""

from collections.abc import Iterator, Mapping, Sequence

from gen.synth.result import Result
from perf.ppa.standard import PRECISIONS, TITLES

__all__ = ["COMPARED", "peers"]

COMPARED: Mapping[str, Sequence[str]] = {
    "Elements on ECP5": ("pe", "mxint8", "bfloat16"),
    "Grids of 4x4 on ECP5": ("grid_4x4", "mxint8_grid_4x4", "bfloat16_grid_4x4"),
    "Elements on UltraScale+, no DSPs": ("pe_xilinx", "mxint8_xilinx", "bfloat16_xilinx"),
    "Elements on UltraScale+ with DSPs": ("pe_xilinx_dsp", "mxint8_xilinx_dsp", "bfloat16_xilinx_dsp"),
}
"""Runs that are compared, our own first."""

_HEAD = (
    "design",
    "precision",
    "MAC per cycle",
    "LUT per MAC",
    "FF per MAC",
    "MAC per cycle and DSP",
    "Fmax",
    "M MAC/s per LUT",
    "of the first line",
)

_INTRODUCTION = """## Peers: other formats in the same flow

OCP's MXINT8 and bfloat16, as designs of our own (`perf/baselines/`), each bit for bit that of a golden
function, with a register behind each addition: what was chosen, and why, is in the docstrings.

- MXINT8 has the accumulator of our own element, with as many bits below the largest dot product, and makes as
  many products per cycle. It reads the code -128 as -127, so that its multipliers have 7 bits. Our own
  array computes MXINT8, too, as MX9 x MX9.
- bfloat16 adds to binary32 and rounds in each step; its sums take turns, so that the adder's latency costs no
  cycle.
- The peers' grids have neither buffers for results nor control, which is in their favour. They are placed
  with one seed; one without Fmax was not placed.
- LUT per MAC is per multiply-accumulate and cycle in the precision of the line; Fmax is with chain ends
  trimmed. The last column compares MAC/s per LUT, or MAC per LUT and cycle where there is no Fmax.

The command: `make ppa ARGS="--only {names}"`."""


def peers(results: Mapping[str, Result]) -> Iterator[str]:
    """A section that compares those runs of ``COMPARED`` that are among ``results``; none without a peer."""
    names = [name for group in COMPARED.values() for name in group]
    if not any(name in results for group in COMPARED.values() for name in group[1:]):
        return
    yield "\n\n".join([_INTRODUCTION.format(names=" ".join(names)), *_tables(results)])


def _tables(results: Mapping[str, Result]) -> Iterator[str]:
    for title, names in COMPARED.items():
        rows = [row for name in names if name in results for row in _rows(name, results[name])]
        if rows:
            first = rows[0][1]
            lines = ((*cells, f"{rate / first:.2f}" if rate and first else "-") for cells, rate in rows)
            table = [_HEAD, ("---", "---", *["---:"] * (len(_HEAD) - 2)), *lines]
            yield f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in table)


def _rows(name: str, result: Result) -> Iterator[tuple[tuple[str, ...], float | None]]:
    """A line for each precision, and its multiply-accumulates per second and LUT, or per LUT and cycle."""
    area, timing = result.area, result.trimmed
    if not area:
        return
    rates = result.mac_per_s_per_lut(timing) or {}
    for mode, macs in (result.built.macs_per_cycle or {}).items():
        cells = (
            TITLES[name],
            PRECISIONS[mode],
            f"{macs:g}",
            f"{area.lut / macs:,.1f}",
            f"{area.ff / macs:,.1f}",
            f"{macs / area.dsp:g}" if area.dsp else "-",
            f"{timing.fmax_mhz:.0f} MHz" if timing and timing.fmax_mhz else "-",
            f"{rates[mode] / 1e6:.2f}" if mode in rates else "-",
        )
        yield cells, rates.get(mode, None if result.family.timing else macs / area.lut)
