"""Bring figures of the report into the documentation: nobody types them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.files import write_text
from gen.markdown import renew_section
from gen.synth.subjects import SUBJECTS
from gen.targets_command import MEASURED
from perf.ppa.standard import TITLES

__all__ = ["FIGURES", "README", "measured", "publish", "summary"]

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "ppa" / "report.json"
"""All figures of the published report."""

_FIGURES_OF_A_TARGET = ("family", "parameters", "lut", "ff", "dsp", "ram")

_SHOWN = (
    "pe",
    "pe_generic",
    "straightforward",
    "mxint8",
    "bfloat16",
    "grid_2x2",
    "grid_4x4",
    "grid_8x8",
    "array_4x4",
    "array_8x8",
    "engine_4x4",
    "engine_8x8",
    "engine_8x8_results",
    "engine_8x8_remainder",
    "quantizer",
    "converter",
    "pe_xilinx",
    "pe_xilinx_dsp",
    "mxint8_xilinx_dsp",
    "bfloat16_xilinx_dsp",
)
"""Runs in the README, by name."""


def measured(figures: Mapping[str, Any]) -> str:
    """What `mixdit targets` shows of ``figures``, as JSON: the project's own designs by target."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, run in figures.items():
        if run["target"] and run["design"] in SUBJECTS:
            entry = {key: run[key] for key in _FIGURES_OF_A_TARGET} | {"fmax_mhz": run["fmax_mhz_trimmed"]}
            found.setdefault(run["target"], []).append({"title": TITLES[name], **entry})
    return json.dumps(found, indent=2) + "\n"


def publish(folder: Path, names: list[str]) -> None:
    """Copy the files ``names`` of a report in ``folder`` to docs/ppa, and renew what shows its figures."""
    target = FIGURES.parent
    target.mkdir(exist_ok=True)
    for name in names:
        (target / name).write_bytes((folder / name).read_bytes())
    figures = json.loads(FIGURES.read_text())
    renew_section(README, "ppa", summary(figures))
    write_text(MEASURED, measured(figures))


def summary(figures: Mapping[str, Any]) -> str:
    """A table of the figures that a reader asks for first, as Markdown."""
    lines = [
        "| design | family | LUT | FF | DSP | LUT per MAC or element | Fmax | M MAC/s per LUT |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in _SHOWN:
        if name in figures:
            lines.append(_row(name, figures[name]))
    return "\n".join(lines) + "\n"


def _row(name: str, run: Mapping[str, Any]) -> str:
    rates = run["mac_per_s_per_lut_trimmed"]
    size = run["lut_per_mac"] or run["lut_per_element"]  # of a piece of a design neither
    cells = (
        TITLES[name],
        run["family"],
        f"{run['lut']:,}",
        f"{run['ff']:,}",
        f"{run['dsp']:,}",
        f"{size:.1f}" if size else "",
        f"{run['fmax_mhz_trimmed']:.0f} MHz" if run["fmax_mhz_trimmed"] else "",
        f"{max(rates.values()) / 1e6:.2f}" if rates else "",
    )
    return f"| {' | '.join(cells)} |"
