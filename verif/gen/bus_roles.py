"""Directions of AXI's signals, from the specification: those that the side which begins transfers drives."""

__all__ = ["DRIVEN", "direction"]

_ADDRESS = "addr len size burst id cache prot valid"

DRIVEN = {
    "axis": {"tvalid", "tdata", "tuser", "tlast"},
    "axi": {f"{channel}{signal}" for channel in ("aw", "ar") for signal in _ADDRESS.split()}
    | {"wvalid", "wdata", "wstrb", "wlast", "bready", "rready"},
    "clock": {"clk"},
    "reset": {"rst"},
    "interrupt": {"interrupt"},
}
"""Signals that a master of each kind of bus drives; all others come back."""


def direction(kind: str, signal: str, *, master: bool) -> str:
    """What a port of this signal is: ``"input"`` or ``"output"``."""
    return "output" if (signal.lower() in DRIVEN[kind]) == master else "input"
