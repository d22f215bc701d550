"""The core file of FuseSoC."""

import json
from collections.abc import Iterator, Mapping, Sequence

from gen.flows.export import Export, File
from gen.synth.families import FAMILIES
from hw.target.targets import TARGETS

__all__ = ["CELL_WAIVERS", "VERILATOR_WAIVERS", "fusesoc"]

VERILATOR_WAIVERS: Mapping[str, str] = {
    "DECLFILENAME": "a file holds a top and its parts, so not every module can have the file's name",
    "UNUSEDSIGNAL": "Amaranth keeps the names of values that nothing reads",
    "PROCASSINIT": "Amaranth gives registers their reset value as an initial value as well",
    "WIDTHEXPAND": "Yosys writes sums that rely on Verilog's implicit zero extension",
    "WIDTHTRUNC": "and on its implicit truncation",
    "CASEINCOMPLETE": "a state machine's case has no branch for codes that no state has",
    "CASEOVERLAP": "without initial values, choices are cases over conditions of which one holds at a time",
    "VARHIDDEN": "and arguments of these functions have names that the module has, too",
}
"""Warnings of ``verilator -Wall`` that the exported Verilog cannot avoid, with the reason."""

CELL_WAIVERS: Mapping[str, str] = {
    "PINMISSING": "the ends of a carry chain, and outputs of cells that nothing reads, are left open",
    "UNOPTFLAT": "a carry cell's outputs are one vector, each bit of which depends on the one below",
    "UNUSEDPARAM": "a model has the vendor's parameters, also those without effect on what it computes",
    "MULTIDRIVEN": "the words of a memory block are written by two ports, each with its clock",
}
"""The same for designs that place cells of an FPGA family, with models of these."""

_USUAL_FAMILY = "ecp5"
"""What a design without cells of a family is synthesized for."""


def fusesoc(export: Export) -> Iterator[File]:
    """A core that depends on nothing, with a target for each thing to do with it."""
    text = _HEAD.format(
        name=export.name,
        version=export.version,
        description=json.dumps(export.design.summary),
        files=_listed(export.sources),
    )
    if export.models:
        text += _MODELS.format(files=_listed(export.models))
    waivers = [*VERILATOR_WAIVERS, *(CELL_WAIVERS if export.models else ())]
    target = TARGETS[export.parameters.get("target", "generic")]
    family = FAMILIES[target.family or _USUAL_FAMILY]
    _, *options = family.synthesis.split()
    text += _TARGETS.format(
        name=export.name,
        filesets="rtl, models" if export.models else "rtl",
        waivers=", ".join(f"-Wno-{waiver}" for waiver in waivers),
        architecture=family.models,
        options=", ".join(options),
    )
    if family.timing:
        text += _PLACEMENT
    yield File(name=f"{export.name}.core", kind="FuseSoC core", text=text)


def _listed(files: Sequence[str]) -> str:
    return "".join(f"      - {file}\n" for file in files)


_HEAD = """\
CAPI=2:

name: mixdit:rtl:{name}:{version}
description: {description}

filesets:
  rtl:
    files:
{files}    file_type: verilogSource-2005
"""

_MODELS = """\
  models:
    files:
{files}    file_type: verilogSource-2005
    tags: [simulation]
"""

_TARGETS = """\
  bench:
    files:
      - {name}_tb.v
    file_type: verilogSource-2005

targets:
  default: &default
    filesets: [{filesets}]
    toplevel: {name}
  lint:
    <<: *default
    description: Check with Verilator
    flow: lint
    flow_options:
      tool: verilator
      verilator_options: [-Wall, {waivers}]
  sim:
    description: Run the self-checking bench with Icarus Verilog, or with Verilator (--tool verilator)
    filesets: [{filesets}, bench]
    toplevel: {name}_tb
    flow: sim
    flow_options:
      tool: icarus
      mode: binary
      verilator_options: [-Wno-fatal, --trace, -CFLAGS, -std=gnu++20]
  synth: &synth
    <<: *default
    description: Synthesize with Yosys
    flow: generic
    flow_options:
      tool: yosys
      arch: {architecture}
      output_format: json
      yosys_synth_options: [{options}]
"""

_PLACEMENT = """\
  place:
    <<: *synth
    description: Synthesize with Yosys, place and route with nextpnr, ports on any pins of an LFE5U-85F
    flow: trellis
    flow_options:
      pnr: none
      nextpnr_options: [--85k, --package, CABGA756, --lpf-allow-unconstrained]
"""
