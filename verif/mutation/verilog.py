"""The switch in exported Verilog: every module reads it from the environment of the simulation."""

import re
from unittest import mock

from amaranth.lib.wiring import In

import gen.verilog
import gen.widths
from verif.mutation.runtime import NUMBER, SWITCH, switch

__all__ = ["switched_verilog"]

_GIVEN = f'$c("(std::getenv(\\"{NUMBER}\\") ? std::atoi(std::getenv(\\"{NUMBER}\\")) : 0)")'
"""Verilator's own: C++ in an expression."""

_QUIET = "".join(f"/* verilator lint_off {warning} */\n" for warning in ("CMPCONST", "UNSIGNED"))
"""Comparisons that became ``<=`` or ``>=`` may hold for every value."""


def switched_verilog() -> None:
    """From now on `gen.verilog` converts designs with the switch in them, for Verilator alone.

    Widths are not checked, by a test's own check either: sums behind a switch look wider than they are.
    """
    convert, ports = gen.verilog._convert, gen.verilog.flat_ports

    def with_switch(component, separator):
        return ports(component, separator) | {SWITCH: (switch(), In)}

    def converted(component, name, separator, initialized):
        with mock.patch.object(gen.verilog, "flat_ports", with_switch):
            return _inside(convert(component, name, separator, initialized), name)

    gen.verilog._convert = converted
    gen.verilog.check_widths = gen.widths.check_widths = lambda *designs: 0


def _inside(text: str, name: str) -> str:
    """The switch of module ``name`` as a register of its own instead of a port."""
    head = re.search(rf"^module {name}\(.*?\);\n", text, re.MULTILINE | re.DOTALL)
    assert head, name
    end = text.index("endmodule", head.end())
    body = text[head.end() : end]
    ports = re.sub(rf"\b{SWITCH}, |, {SWITCH}\b", "", head[0])
    body, declared = re.subn(
        rf"^  input \[15:0\] {SWITCH};\n  wire \[15:0\] {SWITCH};\n", "", body, flags=re.MULTILINE
    )
    assert declared == 1, name
    register = f"  reg [15:0] {SWITCH};\n  initial {SWITCH} = {_GIVEN};\n"
    return _QUIET + text[: head.start()] + ports + register + body + text[end:]
