"""The core file of FuseSoC."""

import json
from collections.abc import Iterator, Mapping

from gen.flows.export import Export, File

__all__ = ["VERILATOR_WAIVERS", "fusesoc"]

VERILATOR_WAIVERS: Mapping[str, str] = {
    "DECLFILENAME": "a file holds a top and its parts, so not every module can have the file's name",
    "UNUSEDSIGNAL": "Amaranth keeps the names of values that nothing reads",
    "PROCASSINIT": "Amaranth gives registers their reset value as an initial value as well",
    "WIDTHEXPAND": "Yosys writes sums that rely on Verilog's implicit zero extension",
    "WIDTHTRUNC": "and on its implicit truncation",
    "CASEINCOMPLETE": "a state machine's case has no branch for codes that no state has",
}
"""Warnings of ``verilator -Wall`` that the exported Verilog cannot avoid, with the reason."""


def fusesoc(export: Export) -> Iterator[File]:
    """A core that depends on nothing, with a target for each thing to do with it."""
    name = export.name
    files = "\n".join(f"      - {file}" for file in export.sources)
    waivers = ", ".join(["-Wall", *(f"-Wno-{waived}" for waived in VERILATOR_WAIVERS)])
    text = f"""\
CAPI=2:

name: mixdit:rtl:{name}:{export.version}
description: {json.dumps(export.design.summary)}

filesets:
  rtl:
    files:
{files}
    file_type: verilogSource-2005
  bench:
    files:
      - {name}_tb.v
    file_type: verilogSource-2005

targets:
  default: &default
    filesets: [rtl]
    toplevel: {name}
  lint:
    <<: *default
    description: Check with Verilator
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [{waivers}]
  sim:
    description: Run the self-checking bench with Icarus Verilog
    filesets: [rtl, bench]
    toplevel: {name}_tb
    flow: sim
    flow_options:
      tool: icarus
"""
    yield File(name=f"{name}.core", kind="FuseSoC core", text=text)
