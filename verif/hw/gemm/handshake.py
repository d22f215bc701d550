"""Drivers of Amaranth streams in a cocotb simulation: ``x_valid``, ``x_ready`` and ``x_payload``.

Both wake once per clock cycle, at the rising edge, like those in ``verif.streams``, whose stall patterns
they use.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable

from cocotb.triggers import RisingEdge

from verif.streams import STALLS, StreamError

__all__ = ["Receiver", "Sender"]


class Sender:
    """Sends payloads, integers, on a stream of ``dut``, with random ones while it is not valid.

    Parameters
    ----------
    dut, prefix:
        The stream.
    stall:
        Name of a stall pattern.
    rng:
        Source of randomness.
    """

    def __init__(self, dut, prefix: str, *, stall: str, rng: random.Random):
        self.valid, self.ready = getattr(dut, f"{prefix}_valid"), getattr(dut, f"{prefix}_ready")
        self.payload = getattr(dut, f"{prefix}_payload")
        self.clock = dut.clk
        self.stall = STALLS[stall](rng)
        self.queue: deque[int] = deque()
        self.sent = 0
        self._rng = rng
        self._offered = False
        self.valid.value = 0

    def send(self, payloads: Iterable[int]) -> None:
        self.queue.extend(payloads)

    @property
    def idle(self) -> bool:
        return not self.queue and not self._offered

    async def run(self) -> None:
        while True:
            await RisingEdge(self.clock)
            if self._offered and self.ready.value:
                self._offered = False
                self.sent += 1
            stalled = next(self.stall)
            if not self._offered:
                self._offered = bool(self.queue) and not stalled
                self.valid.value = int(self._offered)
                self.payload.value = (
                    self.queue.popleft() if self._offered else self._rng.getrandbits(len(self.payload))
                )


class Receiver:
    """Takes payloads from a stream of ``dut`` and checks that they hold still; others as in ``Sender``.

    Parameters
    ----------
    on_payload:
        Called with every payload transferred.
    """

    def __init__(
        self, dut, prefix: str, *, stall: str, rng: random.Random, on_payload: Callable[[int], None]
    ):
        self.prefix = prefix
        self.valid, self.ready = getattr(dut, f"{prefix}_valid"), getattr(dut, f"{prefix}_ready")
        self.payload = getattr(dut, f"{prefix}_payload")
        self.clock = dut.clk
        self.stall = STALLS[stall](rng)
        self.on_payload = on_payload
        self.received = 0
        self._ready = False
        self._waiting: int | None = None
        self.ready.value = 0

    async def run(self) -> None:
        while True:
            await RisingEdge(self.clock)
            valid = bool(self.valid.value)
            if self._waiting is not None and not valid:
                raise StreamError(f"{self.prefix}: valid dropped before the transfer")
            if valid:
                payload = int(self.payload.value)
                if self._waiting not in (None, payload):
                    raise StreamError(f"{self.prefix}: changed from {self._waiting:#x} to {payload:#x}")
                self._waiting = None if self._ready else payload
                if self._ready:
                    self.received += 1
                    self.on_payload(payload)
            self._ready = not next(self.stall)
            self.ready.value = int(self._ready)
