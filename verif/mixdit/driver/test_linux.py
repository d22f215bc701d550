"""The Linux port on plain files in place of devices, with a thread in place of the engine."""

import mmap
import os
import threading
import time

import numpy as np
import pytest

from golden import MX6, matmul, quantize
from golden.engine import REGISTERS, EngineParameters
from mixdit.driver import Gemm, LinuxPort, ModelPort, PortError

DOORBELL = REGISTERS["DOORBELL"].offset
CONTROL = REGISTERS["CONTROL"].offset


class FileEngine(threading.Thread):
    """Copies registers and memory between files and a model, which it rings when the doorbell is not 0."""

    def __init__(self, registers, memory, origin):
        super().__init__(daemon=True)
        self.model = ModelPort(EngineParameters(k_blocks=4), size=1 << 16, origin=origin)
        self.registers = mmap.mmap(registers.fileno(), 4096)
        self.buffer = mmap.mmap(memory.fileno(), 1 << 16)
        self.stop = False
        self._show()

    def _show(self):
        for register in REGISTERS.values():
            if register.offset < 0x100:
                self._write(register.offset, self.model.read32(register.offset))

    def _write(self, offset, value):
        self.registers[offset : offset + 4] = value.to_bytes(4, "little")

    def _read(self, offset):
        return int.from_bytes(self.registers[offset : offset + 4], "little")

    def run(self):
        start = self.model.memory.start
        while not self.stop:
            if reset := self._read(CONTROL):
                self.model.write32(CONTROL, reset)
                self._write(CONTROL, 0)
            if self._read(DOORBELL):
                for register in REGISTERS.values():
                    if register.offset >= 0x100:
                        self.model.write32(register.offset, self._read(register.offset))
                self.model.write_memory(start, np.frombuffer(self.buffer[:], np.uint8))
                self.model.write32(DOORBELL, 1)
                self.buffer[:] = self.model.read_memory(start, 1 << 16).tobytes()
                self._write(DOORBELL, 0)
                self._show()
            time.sleep(0.001)


def test_product_through_mapped_files(tmp_path):
    origin = 0x40000000
    registers, buffer = tmp_path / "registers", tmp_path / "buffer"
    registers.write_bytes(bytes(4096))
    buffer.write_bytes(bytes(1 << 16))
    with registers.open("r+b") as register_file, buffer.open("r+b") as buffer_file:
        engine = FileEngine(register_file, buffer_file, origin)
        engine.start()
        try:
            with LinuxPort(
                registers=str(registers), buffer=str(buffer), address=origin, size=1 << 16
            ) as port:
                gemm = Gemm(port, timeout=20)
                rng = np.random.default_rng(1)
                a, b = (quantize(rng.standard_normal((n, 70), dtype=np.float32), MX6) for n in (5, 9))
                assert np.array_equal(gemm.matmul(a, b), matmul(a, b, k_blocks=4))
                with pytest.raises(PortError, match="64 bytes at 0x4000fff0 are not in the mapped memory"):
                    port.read_memory(origin + 0xFFF0, 64)
        finally:
            engine.stop = True
            engine.join()


def test_a_closed_port_answers_no_more(tmp_path):
    origin = 0x40000000
    registers, buffer = tmp_path / "registers", tmp_path / "buffer"
    model = ModelPort(EngineParameters(k_blocks=4), size=64)
    words = [model.read32(offset) for offset in range(0, 4096, 4)]
    registers.write_bytes(np.array(words, "<u4").tobytes())
    buffer.write_bytes(bytes(4096))
    port = LinuxPort(registers=str(registers), buffer=str(buffer), address=origin, size=4096)
    gemm = Gemm(port)
    x = np.ones((2, 3), np.float32)
    matrix = gemm.store(x)
    port.close()
    port.close()  # the second time closes nothing, which may be another one's by now
    for access in (
        lambda: port.read32(0),
        lambda: port.write32(0x018, 1),
        lambda: port.read_memory(origin, 4),
        lambda: port.write_memory(origin, np.zeros(4, np.uint8)),
        lambda: port.wait(0.0),
        lambda: gemm.load(matrix),
        lambda: gemm.store(x),
        gemm.reset,
        lambda: Gemm(port),
    ):
        with pytest.raises(PortError, match="the port is closed"):
            access()


def test_files_that_are_too_short_are_closed(tmp_path):
    registers, buffer = tmp_path / "registers", tmp_path / "buffer"
    registers.write_bytes(bytes(4096))
    buffer.write_bytes(bytes(64))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="mmap length is greater than file size"):
        LinuxPort(registers=str(registers), buffer=str(buffer), address=0, size=4096)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_offsets_must_be_pages(tmp_path):
    with pytest.raises(
        ValueError, match="register_offset must be a multiple of 4096, the page size, not 0x10"
    ):
        LinuxPort(registers="/dev/mem", buffer="/dev/mem", address=0, size=4096, register_offset=16)
    with pytest.raises(FileNotFoundError):
        LinuxPort(registers=str(tmp_path / "none"), buffer="/dev/mem", address=0, size=4096)
