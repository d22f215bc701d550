"""Drivers of streams inside a cocotb simulation, AXI4-Stream or Amaranth's own, and how a bench starts.

All of them wake once per clock cycle, at the rising edge, where cocotb reads values from before the
edge and drives values for after it.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

__all__ = ["STALLS", "Beat", "Sink", "Source", "StreamError", "start", "until"]

STALLS: dict[str, Callable[[random.Random], Iterator[bool]]] = {}
"""Stall patterns by name: each gives, for a random generator, one bool per cycle, true to stall."""


def _pattern(function):
    STALLS[function.__name__] = function
    return function


@_pattern
def none(rng: random.Random) -> Iterator[bool]:
    """Never stall."""
    while True:
        yield False


@_pattern
def uniform(rng: random.Random) -> Iterator[bool]:
    """Stall half of the cycles, each on its own."""
    while True:
        yield rng.random() < 0.5


@_pattern
def sparse(rng: random.Random) -> Iterator[bool]:
    """Stall most cycles."""
    while True:
        yield rng.random() < 0.85


@_pattern
def bursts(rng: random.Random) -> Iterator[bool]:
    """Run for 1 to 20 cycles, stall for 1 to 20, and so on."""
    stalled = False
    while True:
        for _ in range(rng.randint(1, 20)):
            yield stalled
        stalled = not stalled


class StreamError(AssertionError):
    """A stream broke the protocol, carried a wrong beat, or stopped."""


class Beat(NamedTuple):
    """One transfer of an AXI4-Stream: TDATA and TUSER as unsigned integers, TLAST."""

    data: int
    user: int = 0
    last: bool = False

    def __str__(self) -> str:
        return f"data={self.data:#x} user={self.user:#x} last={int(self.last)}"


class _Port:
    """An Amaranth stream of ``dut``, whose beats are the payload as an integer."""

    def __init__(self, dut, prefix: str):
        self.valid, self.ready = getattr(dut, f"{prefix}_valid"), getattr(dut, f"{prefix}_ready")
        self.payload = getattr(dut, f"{prefix}_payload")

    def beat(self) -> int:
        return int(self.payload.value)

    def drive(self, beat: int) -> None:
        self.payload.value = beat

    def junk(self, rng: random.Random) -> int:
        return rng.getrandbits(len(self.payload))


class _AXIPort:
    """An AXI4-Stream of ``dut``, whose beats are ``Beat``."""

    def __init__(self, dut, prefix: str):
        self.valid, self.ready = getattr(dut, f"{prefix}_tvalid"), getattr(dut, f"{prefix}_tready")
        self.data, self.user = getattr(dut, f"{prefix}_tdata"), getattr(dut, f"{prefix}_tuser")
        self.last = getattr(dut, f"{prefix}_tlast")

    def beat(self) -> Beat:
        return Beat(int(self.data.value), int(self.user.value), bool(self.last.value))

    def drive(self, beat: Beat) -> None:
        self.data.value, self.user.value, self.last.value = beat.data, beat.user, int(beat.last)

    def junk(self, rng: random.Random) -> Beat:
        return Beat(
            rng.getrandbits(len(self.data)), rng.getrandbits(len(self.user)), bool(rng.getrandbits(1))
        )


class _Driver:
    """One end of a stream, which ``on_edge`` advances by a cycle."""

    def __init__(self, dut, prefix: str, *, stall: str, rng: random.Random):
        self.prefix = prefix
        self.clock = dut.clk
        self.port = (_AXIPort if hasattr(dut, f"{prefix}_tvalid") else _Port)(dut, prefix)
        self.stall = STALLS[stall](rng)
        self.rng = rng

    async def run(self) -> None:
        """Work on its own, cycle by cycle, where no bench calls ``on_edge``."""
        edge = RisingEdge(self.clock)
        while True:
            await edge
            self.on_edge()


class Source(_Driver):
    """Drives an input stream from a queue.

    While stalled or out of beats ``valid`` is low and the payload is junk, another in each cycle, so that
    nothing can depend on it; once ``valid`` is high it stays so until the transfer.

    Parameters
    ----------
    dut:
        Handle with ``clk`` and the stream's ports, ``{prefix}_tvalid`` etc. or ``{prefix}_valid`` etc.
    prefix:
        The stream.
    stall:
        Name of a stall pattern.
    rng:
        Source of randomness.

    Attributes
    ----------
    accepted:
        Beats transferred so far.
    """

    def __init__(self, dut, prefix: str, *, stall: str, rng: random.Random):
        super().__init__(dut, prefix, stall=stall, rng=rng)
        self.accepted = 0
        self._queue: deque[Beat | int] = deque()
        self._offered = False
        self.port.valid.value = 0

    @property
    def idle(self) -> bool:
        """Whether every beat sent was accepted."""
        return not self._queue and not self._offered

    def send(self, beats: Iterable[Beat | int]) -> None:
        """Queue ``beats``."""
        self._queue.extend(beats)

    def clear(self) -> None:
        """Forget beats not yet accepted, as at a reset."""
        self._queue.clear()
        self._offered = False
        self.port.valid.value = 0
        self.port.drive(self.port.junk(self.rng))

    def on_edge(self) -> None:
        """One cycle: note the transfer before the edge, drive the values after it."""
        port = self.port
        if self._offered and port.ready.value:
            self._offered = False
            self.accepted += 1
        stalled = next(self.stall)
        if not self._offered:
            self._offered = bool(self._queue) and not stalled
            port.valid.value = int(self._offered)
            port.drive(self._queue.popleft() if self._offered else port.junk(self.rng))


class Sink(_Driver):
    """Drives the ready input of an output stream and checks the stream's rules.

    Parameters
    ----------
    dut, prefix, stall, rng:
        As for ``Source``; a stall holds ``ready`` low.
    on_beat:
        Called with every beat transferred.

    While ``hold`` is true, ``ready`` stays low.
    """

    def __init__(
        self, dut, prefix: str, *, stall: str, rng: random.Random, on_beat: Callable[[Beat | int], None]
    ):
        super().__init__(dut, prefix, stall=stall, rng=rng)
        self.on_beat = on_beat
        self.hold = False
        self._ready = False
        self._waiting: Beat | int | None = None
        self.port.ready.value = 0

    def clear(self) -> None:
        """Forget the beat that is waiting, as at a reset."""
        self._waiting = None

    def on_edge(self) -> None:
        """One cycle. Raises ``StreamError`` when valid drops or the payload changes before a transfer."""
        port = self.port
        valid = bool(port.valid.value)
        if self._waiting is not None and not valid:
            raise StreamError(f"{self.prefix}: valid dropped before the transfer of {self._waiting}")
        if valid:
            beat = port.beat()
            if self._waiting not in (None, beat):
                raise StreamError(
                    f"{self.prefix}: payload changed from {self._waiting} to {beat} while stalled"
                )
            self._waiting = None if self._ready else beat
            if self._ready:
                self.on_beat(beat)
        ready = not (next(self.stall) or self.hold)
        if ready != self._ready:
            port.ready.value = int(ready)
            self._ready = ready


async def start(dut, *drivers) -> None:
    """Start the clock, reset ``dut`` and let ``drivers`` run, each by its ``run``."""
    # Low first: what is unknown would rise at once, before the reset.
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    for driver in drivers:
        cocotb.start_soon(driver.run())


async def until(dut, condition: Callable[[], bool], *, what: str = "this", cycles: int = 50_000) -> int:
    """Cycles until ``condition`` holds at a clock edge; ``AssertionError`` on ``what`` if it never does."""
    for n in range(1, cycles + 1):
        await RisingEdge(dut.clk)
        if condition():
            return n
    raise AssertionError(f"{what} does not end within {cycles} cycles")
