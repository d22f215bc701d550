"""A bench for a unit whose ports are AXI4-Streams: a driver and a scoreboard for each of them."""

import random
import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import NextTimeStep, RisingEdge

from verif.handshake import Beat, Sink, Source, StreamError

__all__ = ["Scoreboard", "StreamBench"]


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
            raise StreamError(f"{self.name}: beat {self.beats} was not expected: {beat}")
        expected, note = self._expected.popleft()
        if beat != expected:
            raise StreamError(f"{self.name}: beat {self.beats} is {beat}, expected {expected}; {note or ''}")
        self.beats += 1
        self.compared += self.outputs_per_beat


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
        # Icarus shows what is inside as well, such as s_axis__tvalid.
        names = sorted(handle._name for handle in dut if re.fullmatch(r".*[^_]_tvalid", handle._name))
        prefixes = [name.removesuffix("_tvalid") for name in names]
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
        # Low first: what is unknown would rise at once, before the reset.
        Clock(dut.clk, 10, unit="ns").start(start_high=False)
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
