"""Pieces of text of which benches are written."""

from collections.abc import Container, Sequence
from typing import Any

from amaranth.hdl import Value
from amaranth.lib.wiring import In

from hw.shared_module import flat_ports

__all__ = ["clock_and_limit", "declare_ports", "instance", "literals", "reset"]


def _bits(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def declare_ports(top: Any, ones: Container[str] = ()) -> list[str]:
    """A variable for each input of ``top`` and a wire for each output, named like the port.

    Inputs are 0, those in ``ones`` 1, before anything runs: the strictest start for what they drive.
    """
    lines = ["reg clk = 1'd0;", f"reg rst = 1'd{int('rst' in ones)};"]
    for name, (value, flow) in flat_ports(top, "_").items():
        width = len(Value.cast(value))
        lines.append(
            f"reg {_bits(width)}{name} = {width}'d{int(name in ones)};"
            if flow == In
            else f"wire {_bits(width)}{name};"
        )
    return lines


def instance(top: Any, name: str) -> list[str]:
    """An instance ``dut`` of module ``name``, its ports connected to what `declare_ports` declares."""
    ports = ["clk", "rst", *flat_ports(top, "_")]
    connections = [f"  .{port}({port})" + ("," if port != ports[-1] else "") for port in ports]
    return [f"{name} dut (", *connections, ");"]


def literals(name: str, width: int, values: Sequence[int], first: int = 0) -> list[str]:
    """Statements that set the words of memory ``name`` from word ``first`` on."""
    return [f"{name}[{n}] = {width}'h{value:x};" for n, value in enumerate(values, start=first)]


def clock_and_limit(name: str, most_cycles: int) -> list[str]:
    """A clock, a waveform of the ports, and an end if nothing else comes to one."""
    return [
        "always #5 clk = ~clk;",
        "",
        "initial begin",
        f'  $dumpfile("{name}_tb.vcd");',
        f"  $dumpvars(1, {name}_tb);",
        f"  repeat ({most_cycles}) @(posedge clk);",
        f'  $display("FAIL {name}: not finished after {most_cycles} cycles");',
        "  $finish;",
        "end",
    ]


def reset() -> list[str]:
    """Statements that pulse the reset for one cycle, which must be enough.

    At falling edges, as all that processes with waits do: simulators differ in whether what these assign at a
    rising edge is seen at that edge.
    """
    return ["@(negedge clk);", "rst = 1'b1;", "@(negedge clk);", "rst = 1'b0;"]
