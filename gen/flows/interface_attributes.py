"""Attributes in the Verilog of a top that tell Vivado which ports are one interface."""

import re

from gen.flows.export import Export
from gen.flows.vivado_interfaces import VivadoInterface, vivado_interfaces

__all__ = ["with_interface_attributes"]


def with_interface_attributes(export: Export, text: str) -> str:
    """``text``, the Verilog of the top, with attributes before each of its ports.

    ``X_INTERFACE_INFO`` names the interface and the port's place in it; the interface's first port has its
    mode and its parameters, too. Other tools ignore them.
    """
    lines = {}
    for interface in vivado_interfaces(export):
        for number, (signal, port) in enumerate(interface.ports.items()):
            attributes = _of_interface(interface) if number == 0 else []
            vlnv = f"xilinx.com:{interface.library}:{interface.bus}:1.0"
            attributes.append(("X_INTERFACE_INFO", f"{vlnv} {interface.name} {signal}"))
            lines[port] = "".join(f'  (* {name} = "{value}" *)\n' for name, value in attributes)
    declaration = re.compile(r"^  (?:input|output) (?:\[\d+:0\] )?(\w+);$", re.MULTILINE)
    head, end, rest = text.partition("\nendmodule\n")
    return declaration.sub(lambda match: lines[match[1]] + match[0], head) + end + rest


def _of_interface(interface: VivadoInterface) -> list[tuple[str, str]]:
    parameters = [f"{name} {value}" for name, value in interface.parameters.items()]
    values = ", ".join([f"XIL_INTERFACENAME {interface.name}", *parameters])
    return [("X_INTERFACE_MODE", interface.mode), ("X_INTERFACE_PARAMETER", values)]
