"""Drivers, monitors and scoreboards for AXI4-Stream ports, inside a cocotb simulation.

All of them wake once per clock cycle, at the rising edge, where cocotb reads values from before the
edge and drives values for after it.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import NextTimeStep, RisingEdge

__all__ = ["STALLS", "Beat", "Scoreboard", "Sink", "Source", "StreamBench", "StreamError"]

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
    """One transfer: TDATA and TUSER as unsigned integers, TLAST."""

    data: int
    user: int = 0
    last: bool = False


class _Port:
    """The signals of one AXI4-Stream of ``dut``."""

    def __init__(self, dut, prefix: str):
        self.prefix = prefix
        self.clock = dut.clk
        for signal in ("tvalid", "tready", "tdata", "tuser", "tlast"):
            setattr(self, signal, getattr(dut, f"{prefix}_{signal}"))

    def beat(self) -> Beat:
        return Beat(int(self.tdata.value), int(self.tuser.value), bool(self.tlast.value))


class Source:
    """Drives an input stream from a queue.

    While stalled or out of beats TVALID is low and the payload is junk, so that nothing can depend on
    it; once TVALID is high it stays so until the transfer, as AXI demands.

    Parameters
    ----------
    dut:
        Handle with ports ``clk`` and ``{prefix}_tvalid`` etc.
    prefix:
        The stream.
    stall:
        Name of a stall pattern.
    rng:
        Source of randomness.
    """

    def __init__(self, dut, prefix: str, *, stall: str, rng: random.Random):
        self.port = _Port(dut, prefix)
        self.stall = STALLS[stall](rng)
        self.accepted = 0
        self._rng = rng
        self._queue: deque[Beat] = deque()
        self._current: Beat | None = None
        self._junk()

    @property
    def idle(self) -> bool:
        """Whether every beat sent was accepted."""
        return self._current is None and not self._queue

    def send(self, beats: Iterable[Beat]) -> None:
        """Queue ``beats``."""
        self._queue.extend(beats)

    def clear(self) -> None:
        """Forget beats not yet accepted, as at a reset."""
        self._queue.clear()
        self._current = None
        self._junk()

    def _junk(self) -> None:
        port = self.port
        port.tvalid.value = 0
        port.tdata.value = self._rng.getrandbits(len(port.tdata))
        port.tuser.value = self._rng.getrandbits(len(port.tuser))
        port.tlast.value = self._rng.getrandbits(1)

    def on_edge(self) -> None:
        """One cycle: note the transfer before the edge, drive the values after it."""
        port = self.port
        had = self._current
        if had is not None and port.tready.value:
            self._current = None
            self.accepted += 1
        stalled = next(self.stall)
        if self._current is None and self._queue and not stalled:
            beat = self._current = self._queue.popleft()
            port.tvalid.value = 1
            port.tdata.value = beat.data
            port.tuser.value = beat.user
            port.tlast.value = int(beat.last)
        elif self._current is None and had is not None:
            self._junk()


class Sink:
    """Takes an output stream, checks its protocol and hands each beat to ``on_beat``.

    Parameters
    ----------
    dut, prefix, stall, rng:
        As for ``Source``; a stall holds TREADY low.
    on_beat:
        Called with every beat transferred.

    While ``hold`` is true, TREADY stays low.
    """

    def __init__(self, dut, prefix: str, *, stall: str, rng: random.Random, on_beat: Callable[[Beat], None]):
        self.port = _Port(dut, prefix)
        self.stall = STALLS[stall](rng)
        self.on_beat = on_beat
        self.hold = False
        self._ready = False
        self._waiting: Beat | None = None
        self.port.tready.value = 0

    def clear(self) -> None:
        """Forget the beat that is waiting, as at a reset."""
        self._waiting = None

    def on_edge(self) -> None:
        """One cycle. Raises ``StreamError`` when TVALID drops or the payload changes before a transfer."""
        port = self.port
        valid = bool(port.tvalid.value)
        if self._waiting is not None and not valid:
            raise StreamError(f"{port.prefix}: TVALID dropped before the transfer of {self._waiting}")
        if valid and (self._ready or self._waiting is None):
            beat = port.beat()
            if self._waiting is not None and beat != self._waiting:
                raise StreamError(
                    f"{port.prefix}: payload changed from {self._waiting} to {beat} while stalled"
                )
            self._waiting = None if self._ready else beat
            if self._ready:
                self.on_beat(beat)
        ready = not (next(self.stall) or self.hold)
        if ready != self._ready:
            port.tready.value = int(ready)
            self._ready = ready


class Scoreboard:
    """Compares the beats of a stream with those expected, in order.

    Parameters
    ----------
    name:
        The stream, for messages.
    outputs_per_beat:
        What one compared beat adds to ``compared``.
    """

    def __init__(self, name: str, *, outputs_per_beat: int = 1):
        self.name = name
        self.outputs_per_beat = outputs_per_beat
        self.compared = 0
        self.beats = 0
        self._expected: deque[tuple[Beat, Any]] = deque()

    @property
    def pending(self) -> int:
        """Beats expected and not seen."""
        return len(self._expected)

    def expect(self, beats: Iterable[Beat], note: Any = None) -> None:
        """Expect ``beats`` next; ``note`` appears in the message when one is wrong."""
        self._expected.extend((beat, note) for beat in beats)

    def clear(self) -> None:
        """Forget what is expected, as at a reset."""
        self._expected.clear()

    def check(self, beat: Beat) -> None:
        """Compare ``beat`` with the next expected one. Raises ``StreamError``."""
        if not self._expected:
            raise StreamError(f"{self.name}: beat {self.beats} was not expected: {_hex(beat)}")
        expected, note = self._expected.popleft()
        if beat != expected:
            raise StreamError(
                f"{self.name}: beat {self.beats} is {_hex(beat)}, expected {_hex(expected)}; {note or ''}"
            )
        self.beats += 1
        self.compared += self.outputs_per_beat


def _hex(beat: Beat) -> str:
    return f"data={beat.data:#x} user={beat.user:#x} last={int(beat.last)}"


class StreamBench:
    """A running clock, a source for every ``s_axis*`` port and a scored sink for every ``m_axis*``.

    Use ``bench = await StreamBench.start(dut, ...)``, then ``send`` and ``expect``, then
    ``await bench.finish()``. A failure inside a driver or monitor fails the test.

    Parameters
    ----------
    dut:
        The top.
    stalls:
        Stall pattern of each stream by prefix, or one name for all of them.
    outputs_per_beat:
        See ``Scoreboard``; for all output streams.
    timeout:
        Cycles without a transfer on any stream after which a wait fails.
    """

    def __init__(
        self, dut, *, stalls: str | dict[str, str] = "none", outputs_per_beat: int = 1, timeout: int = 5000
    ):
        self.dut = dut
        self.timeout = timeout
        self.cycles = 0
        prefixes = sorted(
            handle._name.removesuffix("_tvalid") for handle in dut if handle._name.endswith("_tvalid")
        )
        inputs = [prefix for prefix in prefixes if prefix.startswith("s_axis")]
        outputs = [prefix for prefix in prefixes if prefix.startswith("m_axis")]

        def options(prefix: str) -> dict[str, Any]:
            stall = stalls if isinstance(stalls, str) else stalls[prefix]
            return {"stall": stall, "rng": random.Random(random.getrandbits(64))}

        self.sources = {prefix: Source(dut, prefix, **options(prefix)) for prefix in inputs}
        self.scoreboards = {
            prefix: Scoreboard(prefix, outputs_per_beat=outputs_per_beat) for prefix in outputs
        }
        self.sinks = {
            prefix: Sink(dut, prefix, on_beat=self.scoreboards[prefix].check, **options(prefix))
            for prefix in outputs
        }
        self._reset_edges = 0

    @classmethod
    async def start(cls, dut, **options) -> "StreamBench":
        """Start the clock, reset ``dut`` and start all drivers and monitors. Options as in the class."""
        bench = cls(dut, **options)
        Clock(dut.clk, 10, unit="ns").start()
        cocotb.start_soon(bench._run())
        await bench.reset()
        return bench

    async def reset(self, cycles: int = 2) -> None:
        """Hold ``rst`` for ``cycles`` edges; everything queued and expected is forgotten."""
        await NextTimeStep()  # past the work of the last edge, so that the next one is the first in reset
        self._reset_edges = cycles
        self.dut.rst.value = 1
        for part in (*self.sources.values(), *self.sinks.values(), *self.scoreboards.values()):
            part.clear()
        while self._reset_edges:
            await RisingEdge(self.dut.clk)

    def send(self, beats: Iterable[Beat], prefix: str = "s_axis") -> None:
        """Queue beats for an input stream."""
        self.sources[prefix].send(beats)

    def expect(self, beats: Iterable[Beat], prefix: str = "m_axis", note: Any = None) -> None:
        """Expect beats on an output stream."""
        self.scoreboards[prefix].expect(beats, note)

    async def wait(self, cycles: int) -> None:
        """Let ``cycles`` clock cycles pass."""
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for ``condition``, tested each cycle. Raises ``StreamError`` when streams stop before."""
        seen, since = self._progress(), self.cycles
        while not condition():
            await RisingEdge(self.dut.clk)
            if (now := self._progress()) != seen:
                seen, since = now, self.cycles
            elif self.cycles - since > self.timeout:
                raise StreamError(f"No transfer for {self.timeout} cycles: {self._state()}")

    async def finish(self, quiet_cycles: int = 50) -> None:
        """Wait for everything expected, then check that all was accepted and nothing more comes."""
        await self.wait_until(lambda: not any(board.pending for board in self.scoreboards.values()))
        await self.wait_until(lambda: all(source.idle for source in self.sources.values()))
        await self.wait(quiet_cycles)

    @property
    def compared(self) -> int:
        """Outputs compared so far on all streams."""
        return sum(board.compared for board in self.scoreboards.values())

    def _progress(self) -> tuple[int, ...]:
        return (
            *(source.accepted for source in self.sources.values()),
            *(board.beats for board in self.scoreboards.values()),
        )

    def _state(self) -> str:
        waiting = [f"{name} not all accepted" for name, source in self.sources.items() if not source.idle]
        waiting += [
            f"{name} lacks {board.pending} beats" for name, board in self.scoreboards.items() if board.pending
        ]
        return ", ".join(waiting) or "nothing outstanding"

    async def _run(self) -> None:
        edge = RisingEdge(self.dut.clk)
        while True:
            await edge
            self.cycles += 1
            if self._reset_edges:
                self._reset_edges -= 1
                self.dut.rst.value = int(self._reset_edges > 0)
            else:
                for part in (*self.sources.values(), *self.sinks.values()):
                    part.on_edge()
