"""A memory on a path's own ports: it answers addend requests and takes beats of lines."""

from collections import deque

import numpy as np
from amaranth.lib import data
from cocotb.triggers import RisingEdge

from hw.axi.fragment_reader import addend_beat_layout, addend_request_layout
from hw.axi.line import UNIT_BYTES, write_beat_layout
from verif.handshake import Sink, Source, start

__all__ = ["FragmentMemory", "Lines", "fields_of", "payload_of"]


def payload_of(layout: data.StructLayout, **values) -> int:
    """A payload of ``layout``."""
    return layout.const(values).as_value().value


def fields_of(layout: data.StructLayout, payload: int) -> dict[str, int]:
    """The fields of a payload of ``layout``."""
    return {name: payload >> field.offset & ((1 << field.width) - 1) for name, field in layout}


class Lines:
    """Beats of lines, checked: those of a line come one after the other and say so.

    Attributes
    ----------
    count:
        Lines that are complete.
    """

    def __init__(self, data_bits: int, address_bits: int):
        self.count = 0
        self._layout = write_beat_layout(data_bits, address_bits)
        self._size = data_bits // 8
        self._line: list[dict[str, int]] = []  # beats of the line that has begun

    def take(self, payload: int) -> list[tuple[int, int]]:
        """A beat's bytes, each with its address."""
        beat = fields_of(self._layout, payload)
        if self._line:
            before = self._line[-1]
            assert (beat["number"], beat["more"]) == (before["number"] + 1, before["more"] - 1)
        assert beat["units"], "a beat without a byte"
        self._line.append(beat)
        if not beat["more"]:
            assert len({beat["number"] * self._size // 64 for beat in self._line}) == 1
            assert beat["bytes"] == UNIT_BYTES * sum(beat["units"].bit_count() for beat in self._line)
            self._line.clear()
            self.count += 1
        text = beat["data"].to_bytes(self._size, "little")
        return [
            (beat["number"] * self._size + n, byte)
            for n, byte in enumerate(text)
            if beat["units"] >> n // UNIT_BYTES & 1
        ]


class FragmentMemory:
    """32 KiB of memory, random at first.

    Parameters
    ----------
    dut:
        Has a stream ``beat``.
    rng:
        Source of randomness.
    address_bits, data_bits:
        Widths of its memory port.
    latency:
        Cycles from a request to its first beat, at least.

    Attributes
    ----------
    data, expected:
        uint8: what it holds, and what it should.
    """

    def __init__(self, dut, rng, address_bits: int, data_bits: int, *, latency: int):
        self.dut = dut
        self.rng = rng
        self.address_bits = address_bits
        self.data_bits = data_bits
        self.latency = latency
        self.data = np.frombuffer(rng.randbytes(1 << 15), np.uint8).copy()
        self.expected = self.data.copy()
        self._lines = Lines(data_bits, address_bits)
        self._beats: deque[tuple[int, int]] = deque()
        self._cycle = 0

    def request(self, payload: int) -> None:
        """Take a request."""
        want = fields_of(addend_request_layout(self.address_bits), payload)
        size = self.data_bits // 8
        first, last = want["address"] // size, (want["address"] + want["bytes"] - 1) // size
        layout = addend_beat_layout(self.data_bits)
        for n in range(first, last + 1):
            beat = int.from_bytes(self.data[n * size : (n + 1) * size].tobytes(), "little")
            payload = payload_of(layout, data=beat, first=n == first, last=n == last)
            self._beats.append((self._cycle + self.latency, payload))

    def write(self, payload: int) -> None:
        """Take a beat of a line."""
        for address, byte in self._lines.take(payload):
            self.data[address] = byte

    def compare(self, note: str) -> None:
        """Every byte is as expected."""
        wrong = np.flatnonzero(self.data != self.expected)
        assert not wrong.size, f"{wrong.size} bytes from {wrong[0]:#x} differ: {note}"

    async def start(self, *sources: Source, stall: str) -> None:
        """Start ``dut``, its sources, and this memory at its ports ``read``, ``beat`` and ``o``."""
        options = {"stall": stall, "rng": self.rng}
        reads = Sink(self.dut, "read", on_beat=self.request, **options)
        lines = Sink(self.dut, "o", on_beat=self.write, **options)
        self.dut.beat_valid.value = 0
        await start(self.dut, *sources, self, reads, lines)

    async def run(self) -> None:
        """Answer requests, in order."""
        dut = self.dut
        dut.beat_valid.value = 0
        while True:
            await RisingEdge(dut.clk)
            self._cycle += 1
            due = bool(self._beats) and self._beats[0][0] <= self._cycle and self.rng.random() < 0.8
            dut.beat_valid.value = int(due)
            payload = dut.beat_payload
            payload.value = self._beats.popleft()[1] if due else self.rng.getrandbits(len(payload))
