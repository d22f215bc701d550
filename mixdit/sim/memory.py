"""The memory of a simulated engine: how fast it answers, and when it refuses to."""

import ctypes
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Fault", "Memory", "Response", "SharedMemory", "Violation"]

ONE = 1 << 16
"""Of probabilities and rates."""


class Response(IntEnum):
    """How a memory refuses."""

    SLVERR = 2
    DECERR = 3


class Violation(IntEnum):
    """What a memory must not be asked, see ``axi_memory.h``."""

    UNSTABLE = 1
    PAGE = 2
    BURST = 3
    LAST = 4

    @property
    def meaning(self) -> str:
        """What the manager did."""
        return {
            self.UNSTABLE: "a payload changed, or its valid fell, before it was taken",
            self.PAGE: "a burst crosses a multiple of 4 KiB",
            self.BURST: "a burst is not INCR, or not of whole beats",
            self.LAST: "WLAST is not at the last beat of a burst",
        }[self]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a memory takes to answer.

    Parameters
    ----------
    read_latency, write_latency:
        Cycles from an address to its first data, and from the last data to the response.
    bandwidth:
        Beats per cycle, of reads and of writes each.
    outstanding:
        Most bursts under way, of each.
    stall:
        Probability of a cycle in which a channel rests, for each channel.
    seed:
        Of the stalls, and of what the engine's registers hold at power-up.
    """

    read_latency: int = 40
    write_latency: int = 20
    bandwidth: float = 1.0
    outstanding: int = 32
    stall: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("read_latency", "write_latency", "outstanding"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if not 0 < self.bandwidth <= 1:
            raise ValueError(f"bandwidth must be above 0 and at most 1, not {self.bandwidth!r}")
        if not 0 <= self.stall < 1:
            raise ValueError(f"stall must be at least 0 and below 1, not {self.stall!r}")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Beats that a memory refuses: those of a write are not written, those of a read hold no data.

    Parameters
    ----------
    writes:
        Whether beats of writes are refused, instead of reads.
    beat:
        The first of them, counted from now.
    beats:
        How many.
    response:
        With what.
    """

    writes: bool
    beat: int
    beats: int = 1
    response: Response = Response.SLVERR


_Pair = ctypes.c_uint64 * 2


class SharedMemory(ctypes.Structure):
    """``struct Memory`` of ``shared_memory.h``."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("written", ctypes.c_void_p),
        ("origin", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("latency", _Pair),
        ("outstanding", ctypes.c_uint64),
        ("bandwidth", ctypes.c_uint64),
        ("stall", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        ("fault_first", _Pair),
        ("fault_beats", _Pair),
        ("fault_response", _Pair),
        ("bursts", _Pair),
        ("beats", _Pair),
        ("faults", _Pair),
        ("fault_address", _Pair),
        ("cycles", ctypes.c_uint64),
        ("violation", ctypes.c_uint64),
        ("violation_address", ctypes.c_uint64),
    ]

    def set(self, memory: Memory) -> None:
        """Behave like ``memory`` from now on."""
        self.latency[:] = (memory.read_latency, memory.write_latency)
        self.outstanding = memory.outstanding
        self.bandwidth = round(memory.bandwidth * ONE)
        self.stall = round(memory.stall * ONE)
        self.seed = memory.seed

    def inject(self, *faults: Fault) -> None:
        """Refuse these beats, one run of each direction at most, and no others."""
        self.fault_beats[:] = (0, 0)
        for fault in faults:
            n = int(fault.writes)
            self.fault_first[n] = self.beats[n] + fault.beat
            self.fault_beats[n] = fault.beats
            self.fault_response[n] = fault.response
