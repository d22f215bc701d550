"""Conversion of a component to Verilog text, the same bytes on any machine."""

import os

from amaranth.back import verilog
from amaranth.hdl import Elaboratable
from amaranth.lib.wiring import In

from hw.shared_module import flat_ports

__all__ = ["to_verilog"]


def _convert(component: Elaboratable, name: str, separator: str) -> str:
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    ports = {
        port: (value, verilog_direction(flow))
        for port, (value, flow) in flat_ports(component, separator).items()
    }
    return str(
        verilog.convert(component, name=name, ports=ports, emit_src=False, strip_internal_attrs=True)
    )


def verilog_direction(flow):
    from amaranth.hdl._ir import PortDirection

    return PortDirection.Input if flow == In else PortDirection.Output


def to_verilog(top: Elaboratable, name: str) -> str:
    """Verilog of ``top`` as module ``name``, followed by the modules that it shares.

    Ports are named by the path of the interface member joined by ``_`` (``s_axis_tdata``), plus
    ``clk`` and ``rst``.
    """
    parts = [_convert(top, name, "_")]
    shared = getattr(getattr(top, "core", top), "shared_modules", {})
    parts += [_convert(prototype, module, "__") for module, prototype in shared.items()]
    return "\n".join(parts)
