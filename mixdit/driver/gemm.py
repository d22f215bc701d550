"""The GEMM engine as a function of tensors."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import Format, MixedTensor, MXTensor, Tensor
from golden.engine import (
    COUNTERS,
    DESCRIPTOR_REGISTERS,
    FLOAT_FORMATS,
    IDENTIFIER,
    INDEX_BYTES,
    REGISTERS,
    VERSION,
    Descriptor,
    EngineParameters,
    ErrorCode,
    MemoryFormat,
    Operation,
    describe,
    floats_from_rows,
    floats_to_rows,
    from_rows,
    to_rows,
)
from mixdit.driver.allocator import Allocator
from mixdit.driver.errors import EngineError, EngineTimeoutError
from mixdit.driver.matrix import DeviceMatrix
from mixdit.driver.port import Port
from mixdit.driver.reuse import keeps_b

_POLL_SECONDS = 0.05

OutFormat = Format | MemoryFormat
"""One of ``golden.formats.STREAM_FORMATS``, ``golden.MX6`` say, or of ``golden.engine.RESULT_FORMATS``."""


class Gemm:
    """An engine behind a port.

    `matmul` does everything for one product. To chain products without copies through the host, `store`
    operands, make room for results with `empty`, and give both to `product`, whose jobs run in the order of
    their calls; `wait` for the last one, then `load`.

    Parameters
    ----------
    port:
        The way to the engine. Its memory belongs to this object.
    timeout:
        Seconds without progress after which a wait fails.

    Attributes
    ----------
    parameters:
        What the engine was built with.

    Raises
    ------
    ValueError
        Whatever is behind the port is no engine, or one with other registers.
    """

    def __init__(self, port: Port, timeout: float = 60.0) -> None:
        self.port = port
        self.timeout = timeout
        self.parameters = self._identify()
        self._allocator = Allocator(port.memory)
        self._staged: list[int | None] = [None] * len(DESCRIPTOR_REGISTERS)
        self.reset()

    def matmul(
        self,
        a: Tensor | DeviceMatrix,
        b: Tensor | DeviceMatrix,
        out_format: OutFormat = MemoryFormat.BINARY32,
        *,
        mx9_blocks: int = 0,
        bias: NDArray[np.float32] | None = None,
    ) -> Tensor | NDArray[np.float32]:
        """``A * B^T`` plus a bias row, in the given format.

        Parameters
        ----------
        a, b:
            ``[M, K]`` and ``[N, K]``: golden tensors, or matrices that lie in memory already.
        out_format:
            Format of the result. Blocks run along N.
        mx9_blocks:
            Blocks at the start of each row of the result that are MX9, where its format is MX4 or MX6.
        bias:
            float32 ``[N]``, added to every row.

        Returns
        -------
        Tensor or float32 ``[M, N]``
            A golden tensor for block formats; values for floats, also those that were rounded to bfloat16.

        Raises
        ------
        TypeError, ValueError
            Operands that are no matrices, differ in K, or that memory cannot hold; a bias of another shape.
        MemoryError
            The port's memory is too small.
        EngineError
            The engine refused the job, or memory answered with an error.
        EngineTimeoutError
            The engine made no progress.
        """
        held: list[DeviceMatrix] = []

        def on_device(value: Tensor | DeviceMatrix) -> DeviceMatrix:
            if isinstance(value, DeviceMatrix):
                return value
            held.append(self.store(value))
            return held[-1]

        try:
            left, right = on_device(a), on_device(b)
            if bias is not None:
                held.append(self.store(_row(bias, right.shape[0])))
                row = held[-1]
            d = self.empty((left.shape[0], right.shape[0]), out_format, mx9_blocks)
            held.append(d)
            self.wait(self.product(left, right, d, bias=None if bias is None else row))
            return self.load(d)
        finally:
            for matrix in held:
                self.free(matrix)

    def product(
        self,
        a: DeviceMatrix,
        b: DeviceMatrix,
        d: DeviceMatrix,
        *,
        bias: DeviceMatrix | None = None,
        accumulate: bool = False,
        keep: str | None = None,
    ) -> int:
        """Queue ``D = A * B^T``, plus the bias row, plus what D holds.

        Parameters
        ----------
        a, b, d:
            ``[M, K]``, ``[N, K]`` and ``[M, N]``; D overlaps none of the others.
        bias:
            binary32 ``[1, N]``.
        accumulate:
            Whether to add what D holds; D is binary32.
        keep:
            ``"a"`` or ``"b"``: the operand whose tiles stay on chip while the other one is read again and
            again. Left out, the one that makes for fewer bytes.

        Returns
        -------
        int
            The job's number, for `wait`.
        """
        if a.shape[1] != b.shape[1]:
            raise ValueError(f"a and b must have the same K, not {a.shape[1]} and {b.shape[1]}")
        if d.shape != (a.shape[0], b.shape[0]):
            raise ValueError(f"d must have shape {(a.shape[0], b.shape[0])}, not {d.shape}")
        if bias is not None and (bias.shape, bias.format) != ((1, b.shape[0]), MemoryFormat.BINARY32):
            raise ValueError(f"bias must be binary32 of shape {(1, b.shape[0])}, not {bias}")
        if keep not in (None, "a", "b"):
            raise ValueError(f"keep must be 'a' or 'b', not {keep!r}")
        return self.submit(
            Descriptor(
                operation=Operation.PRODUCT,
                bias=int(bias is not None),
                accumulate=int(accumulate),
                keep_b=int(keeps_b(a, b, self.parameters) if keep is None else keep == "b"),
                m=a.shape[0],
                n=b.shape[0],
                k=a.shape[1],
                b_format=b.format,
                b_mx9_blocks=b.mx9_blocks,
                b_address=b.address,
                b_pitch=b.pitch,
                bias_address=0 if bias is None else bias.address,
                **_fields("a", a),
                **_fields("d", d),
            )
        )

    def reorder(self, a: DeviceMatrix, d: DeviceMatrix, permutation: DeviceMatrix | None = None) -> int:
        """Queue ``D[:, i] = A[:, permutation[i]]``, quantized.

        Parameters
        ----------
        a:
            ``[M, N]`` of binary32 or bfloat16.
        d:
            ``[M, N]`` of blocks.
        permutation:
            What `store_permutation` gave; left out, the order stays.

        Returns
        -------
        int
            The job's number, for `wait`.
        """
        if a.shape != d.shape:
            raise ValueError(f"d must have shape {a.shape}, not {d.shape}")
        return self.submit(
            Descriptor(
                operation=Operation.REORDER,
                permute=int(permutation is not None),
                m=a.shape[0],
                n=a.shape[1],
                b_address=0 if permutation is None else permutation.address,
                **_fields("a", a),
                **_fields("d", d),
            )
        )

    def store(self, value: Tensor | NDArray[np.float32]) -> DeviceMatrix:
        """Copy a matrix to memory: a golden tensor, or float32 ``[rows, columns]``."""
        if isinstance(value, MXTensor | MixedTensor):
            if len(value.shape) != 2:
                raise ValueError(f"a matrix must have 2 axes, not shape {value.shape}")
            fmt, mx9_blocks = describe(value)
            rows = to_rows(value)
        elif isinstance(value, np.ndarray) and value.dtype == np.float32:
            if value.ndim != 2:
                raise ValueError(f"a matrix must have 2 axes, not shape {value.shape}")
            fmt, mx9_blocks = MemoryFormat.BINARY32, 0
            rows = floats_to_rows(value, fmt)
        else:
            raise TypeError(f"a matrix must be a golden tensor or float32, not {type(value).__name__}")
        matrix = self._place((value.shape[0], value.shape[1]), fmt, mx9_blocks)
        padded = np.zeros((matrix.shape[0], matrix.pitch), np.uint8)
        padded[:, : matrix.row_bytes] = rows
        self.port.write_memory(matrix.address, padded.reshape(-1)[: matrix.size])
        return matrix

    def store_permutation(self, permutation: NDArray[np.integer]) -> DeviceMatrix:
        """Copy a permutation to memory, for `reorder`: ``[N]``, each of 0 to N - 1 once."""
        order = np.asarray(permutation)
        if order.ndim != 1 or not np.array_equal(np.sort(order), np.arange(order.size)):
            raise ValueError("permutation must hold each of 0 to N - 1 once")
        # Indices have 2 bytes, like bfloat16.
        matrix = self._place((1, order.size), MemoryFormat.BFLOAT16, 0)
        self.port.write_memory(matrix.address, order.astype(f"<u{INDEX_BYTES}").view(np.uint8))
        return matrix

    def empty(self, shape: tuple[int, int], out_format: OutFormat, mx9_blocks: int = 0) -> DeviceMatrix:
        """Room for a matrix whose content is undefined."""
        fmt = MemoryFormat.of(out_format) if isinstance(out_format, Format) else out_format
        return self._place(shape, MemoryFormat(fmt), mx9_blocks)

    def load(self, matrix: DeviceMatrix) -> Tensor | NDArray[np.float32]:
        """Copy a matrix from memory: a golden tensor, or float32 for floats of either width."""
        data = self.port.read_memory(matrix.address, matrix.size)
        padded = np.zeros(matrix.shape[0] * matrix.pitch, np.uint8)
        padded[: matrix.size] = data
        rows = padded.reshape(matrix.shape[0], matrix.pitch)[:, : matrix.row_bytes].copy()
        if matrix.format in FLOAT_FORMATS:
            return floats_from_rows(rows, matrix.format)
        return from_rows(rows, matrix.format, matrix.shape[1], matrix.mx9_blocks)

    def free(self, matrix: DeviceMatrix) -> None:
        """Give back what `store` or `empty` took."""
        self._allocator.free(matrix.address)

    def submit(self, descriptor: Descriptor) -> int:
        """Queue a job, and wait for a place in the queue if need be; returns its number, for `wait`."""
        self._until(lambda status: not status["full"], "the queue stays full")
        for n, (register, word) in enumerate(zip(DESCRIPTOR_REGISTERS, descriptor.words(), strict=True)):
            if self._staged[n] != word:
                self.port.write32(register.offset, word)
                self._staged[n] = word
        self._write("DOORBELL", 1)
        self._submitted += 1
        return self._submitted

    def wait(self, job: int | None = None) -> None:
        """Wait until a job, by default the last one, is complete.

        Raises
        ------
        EngineError
            An error stopped the engine, in this job or an earlier one; `reset` it.
        EngineTimeoutError
            No job ended for ``timeout`` seconds.
        """
        job = self._submitted if job is None else job
        # What counts is modulo 2**32; no more jobs than that are ever under way.
        self._until(
            lambda status: (self._read("JOBS_DONE") - job) & 0xFFFFFFFF < 1 << 31, f"job {job} does not end"
        )

    def reset(self) -> None:
        """Drop all jobs and errors; memory keeps what it holds."""
        self._write("CONTROL", REGISTERS["CONTROL"].pack(soft_reset=1))
        deadline = time.monotonic() + self.timeout
        while self.status["resetting"]:
            if time.monotonic() > deadline:
                raise EngineTimeoutError("soft reset does not end: an access to memory is never answered")
        self._submitted = 0
        self._write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)
        self._write("INTERRUPT_ENABLE", REGISTERS["INTERRUPT_ENABLE"].used)

    @property
    def status(self) -> Mapping[str, int]:
        """Fields of register STATUS."""
        return REGISTERS["STATUS"].unpack(self._read("STATUS"))

    def counters(self) -> dict[str, int]:
        """Performance counters by name; consistent while no job is in progress."""
        return {name: self._read(name) for name in COUNTERS}

    def clear_counters(self) -> None:
        """Set all performance counters to 0."""
        self._write("CONTROL", REGISTERS["CONTROL"].pack(clear_counters=1))

    def _identify(self) -> EngineParameters:
        if (identifier := self._read("ID")) != IDENTIFIER:
            raise ValueError(f"no engine is behind this port: its ID is {identifier:#010x}")
        version = REGISTERS["VERSION"].unpack(self._read("VERSION"))
        if version["major"] != VERSION[0]:
            raise ValueError(f"the engine's registers are of version {version['major']}, not {VERSION[0]}")
        found: dict[str, int] = {}
        for name in ("ARRAY", "BUFFERS", "PORT", "REORDER"):
            found |= REGISTERS[name].unpack(self._read(name))
        return EngineParameters(**found)

    def _place(self, shape: tuple[int, int], fmt: MemoryFormat, mx9_blocks: int) -> DeviceMatrix:
        wanted = DeviceMatrix(address=0, pitch=0, format=fmt, shape=shape, mx9_blocks=mx9_blocks)
        pitch = -(-wanted.row_bytes // fmt.alignment) * fmt.alignment
        placed = replace(wanted, pitch=pitch)
        return replace(placed, address=self._allocator.allocate(placed.size))

    def _read(self, name: str) -> int:
        return self.port.read32(REGISTERS[name].offset)

    def _write(self, name: str, value: int) -> None:
        self.port.write32(REGISTERS[name].offset, value)

    def _until(self, condition: Callable[[Mapping[str, int]], bool], failure: str) -> None:
        done, since = self._read("JOBS_DONE"), time.monotonic()
        while True:
            status = self.status
            if status["error"]:
                address = self._read("ERROR_ADDRESS_HIGH") << 32 | self._read("ERROR_ADDRESS_LOW")
                raise EngineError(ErrorCode(self._read("ERROR_CODE")), address)
            if condition(status):
                return
            if (now := self._read("JOBS_DONE")) != done:
                done, since = now, time.monotonic()
            elif time.monotonic() - since > self.timeout:
                raise EngineTimeoutError(failure)
            self.port.wait(_POLL_SECONDS)
            self._write("INTERRUPT_STATUS", REGISTERS["INTERRUPT_STATUS"].used)


def _fields(name: str, matrix: DeviceMatrix) -> dict[str, Any]:
    return {
        f"{name}_format": matrix.format,
        f"{name}_mx9_blocks": matrix.mx9_blocks,
        f"{name}_address": matrix.address,
        f"{name}_pitch": matrix.pitch,
    }


def _row(bias: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    if not isinstance(bias, np.ndarray) or bias.dtype != np.float32:
        raise TypeError(f"bias must be a float32 array, not {type(bias).__name__}")
    if bias.shape != (length,):
        raise ValueError(f"bias must have shape {(length,)}, not {bias.shape}")
    return bias.reshape(1, length)
