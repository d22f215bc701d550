"""Waveforms, recorded when the environment asks for them.

``MIXDIT_WAVES=build/waves/NAME`` has every simulation of a process record: the first one in ``NAME.vcd``, the
next ones in ``NAME.2.vcd`` and so on. Beside each lies a ``.gtkw``, a view for GTKWave: the design's ports,
and the states of its state machines by name. ``MIXDIT_WAVES_FROM=CYCLE`` leaves out what a compiled engine
does before that cycle.
"""

import math
import os
from itertools import count
from pathlib import Path
from typing import TextIO

from vcd.gtkw import GTKWSave, make_translation_filter

from hw.shared_module import flat_ports
from mixdit.sim.design import Design
from mixdit.sim.states import codes, fsm_states

__all__ = [
    "CYCLE_NS",
    "FROM_VARIABLE",
    "VARIABLE",
    "first_cycle",
    "new_view",
    "next_file",
    "record",
    "recording",
]

VARIABLE = "MIXDIT_WAVES"
FROM_VARIABLE = "MIXDIT_WAVES_FROM"

CYCLE_NS = 10
"""Of the clock in all simulations; what is recorded has no meaning beyond a cycle."""

_FRAME_CYCLES = 10
"""How many cycles a fresh view shows in a frame, GTKWave's unit of zoom: 200 pixels."""

_numbers = count(1)


def recording() -> bool:
    """Whether simulations are to record."""
    return bool(os.environ.get(VARIABLE))


def first_cycle() -> int:
    """The cycle from which on a compiled engine is to record."""
    return int(os.environ.get(FROM_VARIABLE) or 0)


def next_file() -> Path | None:
    """The VCD file of the simulation that begins now; None when it is not to record."""
    if not recording():
        return None
    number = next(_numbers)
    path = Path(os.environ[VARIABLE] + (".vcd" if number == 1 else f".{number}.vcd")).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def new_view(file: TextIO, *, units_per_ns: int) -> GTKWSave:
    """Begin a view of a VCD file whose times count so many units per nanosecond."""
    view = GTKWSave(file)
    view.zoom_markers(-math.log2(_FRAME_CYCLES * CYCLE_NS * units_per_ns))
    return view


def record(design: Design) -> Path | None:
    """The VCD file of a Verilated model that begins now, its view written; None when it is not to record."""
    path = next_file()
    if path:
        with open(path.with_suffix(".gtkw"), "w") as file:
            _write_view(file, path, design)
    return path


def _write_view(file: TextIO, path: Path, design: Design) -> None:
    view = new_view(file, units_per_ns=1)
    view.dumpfile(str(path))
    view.treeopen(design.name)
    if not design.component:
        return
    with view.group("states"):
        for names, state in fsm_states(design.component).items():
            # GTKWave takes the names of codes from a file, and shows of an alias what follows its last dot.
            translation = path.with_suffix(f".{'.'.join(names)}.txt")
            translation.write_text(make_translation_filter(list(codes(state)), size=len(state)) + "\n")
            signal = _signal(design.name, *names, width=len(state))
            view.trace(signal, alias="/".join(names), translate_filter_file=str(translation))
    with view.group("ports"):
        widths = {name: len(port) for name, (port, _) in flat_ports(design.component, "_").items()}
        for name, width in {"clk": 1, "rst": 1, **widths}.items():
            view.trace(_signal(design.name, name, width=width))


def _signal(*names: str, width: int) -> str:
    """A signal as GTKWave calls it."""
    return ".".join(names) + (f"[{width - 1}:0]" if width > 1 else "")
