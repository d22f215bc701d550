"""Timing constraints to begin with, where the design is the top of a trial."""

from collections.abc import Iterator, Sequence

from gen.flows.buses import buses
from gen.flows.export import Export, File, Port

__all__ = ["PERIOD", "constraints"]

PERIOD = 10
"""Of the clock in ns, unless the user edits it: 100 MHz."""

_SHARE = 0.3
"""Of the period, that inputs take outside of the design, and outputs too."""


def constraints(export: Export) -> Iterator[File]:
    """The same constraints for Vivado and for tools that read SDC."""
    for suffix, kind in (("xdc", "Vivado constraints"), ("sdc", "timing constraints")):
        yield File(name=f"{export.name}.{suffix}", kind=kind, text=_text(export, suffix))


def _text(export: Export, suffix: str) -> str:
    interrupts = [port for bus in buses(export) if bus.is_interrupt for port in bus.ports.values()]
    data = [port for port in export.ports if port.name != "clk" and port not in interrupts]
    lines = [
        f"# Timing of {export.name} as the top of a trial. In a larger design the clock comes from there,",
        "# and the ports are no pins: leave this file out.",
        *export.header("#").splitlines(),
        "",
        "# Change: the period in ns.",
        f"set period {PERIOD}",
        "create_clock -name clk -period $period [get_ports {clk}]",
        "",
        "# Change: what is spent outside before an input arrives and after an output leaves, in ns.",
        f"set input_delay [expr {{{_SHARE} * $period}}]",
        f"set output_delay [expr {{{_SHARE} * $period}}]",
    ]
    for direction in ("input", "output"):
        ports = [port for port in data if port.direction == direction]
        names = _port_names(ports)
        lines += ["", f"set {direction}_ports [get_ports {{", *(f"  {name}" for name in names), "}]"]
        lines.append(f"set_{direction}_delay -clock clk ${direction}_delay ${direction}_ports")
    for port in interrupts:
        lines += ["", "# Who takes the interrupt synchronizes it."]
        lines.append(f"set_false_path -to [get_ports {{{port.name}}}]")
    if suffix == "sdc":
        lines += ["", "# In Quartus, add: derive_clock_uncertainty"]
    return "\n".join(lines) + "\n"


def _port_names(ports: Sequence[Port]) -> list[str]:
    return [f"{port.name}[*]" if port.width > 1 else port.name for port in ports]
