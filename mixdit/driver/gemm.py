"""The GEMM engine as a function of tensors."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import Tensor
from golden.engine import FLOAT_BYTES, Descriptor, Function, MemoryFormat, Norm, Operation
from golden.functions.norm import scaled_epsilon
from mixdit.driver import arguments
from mixdit.driver.descriptor_check import check_descriptor
from mixdit.driver.matrix import DeviceMatrix, DevicePermutation, Layout
from mixdit.driver.memory import OutFormat, result_layout
from mixdit.driver.recording import RecordingEngine
from mixdit.driver.reuse import keeps_b
from mixdit.driver.transfer import layout_of


class Gemm(RecordingEngine):
    """An engine behind a port, and its memory.

    `matmul` does everything for one product. To chain products without copies through the host, `store`
    operands, make room for results with `empty`, and give both to `product`, whose jobs run in the order of
    their calls; then `load`. To run the same jobs again and again, record them once, see `recording`.

    Calls are checked before they write anything: a ``TypeError`` or ``ValueError`` leaves engine and memory
    as they were.

    Parameters
    ----------
    port, timeout:
        As for `Engine`. The port's memory belongs to this object.

    Raises
    ------
    TypeError, ValueError
        As `Engine`.
    """

    def matmul(
        self,
        a: Tensor | DeviceMatrix,
        b: Tensor | DeviceMatrix,
        out_format: OutFormat = MemoryFormat.BINARY32,
        *,
        mx9_blocks: int = 0,
        bias: NDArray[np.float32] | None = None,
        function: str | None = None,
        gate: NDArray[np.float32] | None = None,
        scale: NDArray[np.float32] | None = None,
    ) -> Tensor | NDArray[np.float32]:
        """``A * B^T`` times a scale, plus a bias, through a function, times a gate; in the given format.

        Parameters
        ----------
        a, b:
            ``[M, K]`` and ``[N, K]``: golden tensors, or matrices that lie in memory already. Plain arrays
            have no format: ``golden.quantize`` them.
        out_format:
            Format of the result. Blocks run along N.
        mx9_blocks:
            Blocks at the start of each row of the result that are MX9, where its format is MX4 or MX6.
        bias:
            float32 ``[N]``, added to every row.
        function:
            ``"exp2"``, ``"gelu"`` or ``"silu"``: what each result, its bias added, goes through, on an engine
            with `function_lanes`.
        gate:
            float32 ``[N]`` or ``[M, 1]``: by what each column or each row is multiplied after that, on such
            an engine.
        scale:
            float32 ``[N]``: by what each column is multiplied before its bias is added, on such an engine.

        Returns
        -------
        Tensor or float32 ``[M, N]``
            A golden tensor for block formats; values for floats, also those that were rounded to bfloat16.

        Raises
        ------
        TypeError, ValueError
            Operands that are no matrices of blocks, differ in K, or that memory cannot hold; a bias of
            another shape; a format that results cannot have.
        MemoryError
            The port's memory is too small.
        EngineError
            Memory answered with an error, in this job or an earlier one.
        EngineTimeoutError
            The engine made no progress.
        """
        if self._recorded is not None:
            raise ValueError(
                "matmul must not be called within a recording: it gives what no job has made yet"
            )
        left, right = (
            self._mine(name, value)
            if isinstance(value, DeviceMatrix)
            else layout_of(name, value, floats=False)
            for name, value in (("a", a), ("b", b))
        )
        out = result_layout((left.shape[0], right.shape[0]), out_format, mx9_blocks)
        _check_shapes(left, right, out)
        by_row = isinstance(gate, np.ndarray) and gate.ndim == 2
        shapes: dict[str, tuple[int, ...]] = {"scale": (out.shape[1],), "bias": (out.shape[1],)}
        shapes["gate"] = (out.shape[0], 1) if by_row else (out.shape[1],)
        rows = {
            name: arguments.float32_array(name, row, shapes[name])
            for name, row in (("scale", scale), ("bias", bias), ("gate", gate))
            if row is not None
        }
        held: list[DeviceMatrix] = []
        values: list[tuple[DeviceMatrix, Tensor | NDArray[np.float32]]] = []

        def place(layout: Layout) -> DeviceMatrix:
            held.append(self._place(layout))
            return held[-1]

        def on_device(value: Any, layout: Layout) -> DeviceMatrix:
            if isinstance(value, DeviceMatrix):
                return value
            values.append((place(layout), value))
            return held[-1]

        try:
            da, db, d = on_device(a, left), on_device(b, right), place(out)
            placed: dict[str, DeviceMatrix] = {}
            if rows:
                vectors = np.concatenate([row.reshape(1, -1) for row in rows.values()], axis=1)
                whole = on_device(vectors, layout_of("vectors", vectors, floats=True))
                ends = np.cumsum([row.size for row in rows.values()])
                placed = {
                    name: whole.columns(int(end) - row.size, int(end))
                    for (name, row), end in zip(rows.items(), ends, strict=True)
                }
            job = self._product(da, db, d, placed, function=function, by_row=by_row)
            check_descriptor(job, self.parameters, self.port.memory)
            for matrix, value in values:
                self._write_rows(matrix, value)
            self._wait(self._queue(job, *held, da, db))
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
        function: str | None = None,
        gate: DeviceMatrix | None = None,
        scale: DeviceMatrix | None = None,
    ) -> int:
        """Queue ``D = A * B^T``, times a scale, plus a bias; a function of that, times a gate, plus old D.

        All of these can be combined. Those of scale, bias and gate that there are lie one right behind the
        other, in this order: as rows of one matrix, or as columns of one row.

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
        function:
            As for `matmul`.
        gate:
            binary32 ``[1, N]``, or ``[M, 1]`` (see `DeviceMatrix.as_column`) with an element for each row.
        scale:
            binary32 ``[1, N]``.

        Returns
        -------
        int
            The job's number, for `wait`; within a recording its place in the list.

        Raises
        ------
        TypeError, ValueError
            Matrices that are not of this object, that were freed, or whose shapes or formats do not fit.
        EngineError, EngineTimeoutError
            As `submit`.
        """
        for name, matrix in (("a", a), ("b", b), ("d", d)):
            self._mine(name, matrix)
        _check_shapes(a, b, d)
        by_row = isinstance(gate, DeviceMatrix) and gate.shape != (1, d.shape[1]) and gate.shape[1] == 1
        column = {"gate": d.shape[0]} if by_row else {}
        vectors = self._vectors(d.shape[1], column, scale=scale, bias=bias, gate=gate)
        if not (keep is None or (isinstance(keep, str) and keep in ("a", "b"))):
            raise ValueError(f"keep must be 'a' or 'b', not {keep!r}")
        accumulates = arguments.flag("accumulate", accumulate)
        job = self._product(a, b, d, vectors, accumulates, keep, function, by_row)
        return self._queue(job, a, b, d, *vectors.values())

    def reorder(
        self,
        a: DeviceMatrix,
        d: DeviceMatrix,
        permutation: DevicePermutation | None = None,
        *,
        divide: bool = False,
        norm: str | None = None,
        epsilon: float = 1e-6,
        scale: DeviceMatrix | None = None,
        shift: DeviceMatrix | None = None,
    ) -> int:
        """Queue ``D[:, i] = A[:, permutation[i]]`` in D's format; of ``A[:, :N] / A[:, N:]``, or of A's norm.

        Parameters
        ----------
        a:
            ``[M, N]`` of binary32 or bfloat16, ``[M, N + 1]`` to divide.
        d:
            ``[M, N]`` of blocks, or of binary32 or bfloat16 on an engine with `function_lanes`.
        permutation:
            What `store_permutation` gave, of length N; left out, the order stays.
        divide:
            Whether each row is divided by its last element, such as softmax's sum, on such an engine.
        norm:
            ``"layer"`` or ``"rms"``: each row is normalized, ``golden.functions.normalize``, on such an
            engine; not with ``divide``. ``"exponential"``: 2 to the power of each row less its maximum,
            ``golden.functions.exponential``.
        epsilon:
            With a norm: what is added to the variance, at least 0; of no use for exponentials.
        scale, shift:
            With a norm, none for exponentials, binary32 ``[1, N]`` in the order of D: by what each column is
            multiplied, 1 added already, and what is added to it then. With both, scale lies right behind
            shift: both are rows of one matrix.

        Returns
        -------
        int
            The job's number, for `wait`; within a recording its place in the list.

        Raises
        ------
        TypeError, ValueError
            As `product`; an engine without reorder unit, or rows longer than its; modulation without a norm.
        EngineError, EngineTimeoutError
            As `submit`.
        """
        self._mine("a", a)
        self._mine("d", d)
        if a.format.block_format is not None:
            raise ValueError(f"a must be BINARY32 or BFLOAT16, not {a.format.name}")
        rows, columns = a.shape[0], a.shape[1] - arguments.flag("divide", divide)
        if (rows, columns) != d.shape:
            raise ValueError(f"d must have shape {(rows, columns)}, not {d.shape}")
        used: list[DeviceMatrix | DevicePermutation] = [a, d]
        if permutation is not None:
            self._check_permutation("permutation", permutation)
            if permutation.length != columns:
                raise ValueError(f"permutation must have length {columns}, not {permutation.length}")
            used.append(permutation)
        vectors = self._vectors(columns, {}, shift=shift, scale=scale)
        if vectors and norm is None:
            raise ValueError(f"{' and '.join(vectors)} must be None without norm")
        used.extend(vectors.values())
        code = _norm(norm)
        exponential = code == Norm.EXPONENTIAL
        if exponential:
            self._need_exponentials()
            if vectors:
                raise ValueError(f"{' and '.join(vectors)} must be None with norm {norm!r}")
        if code and divide:
            raise ValueError(f"divide must be False with norm {norm!r}, not True")
        job = Descriptor(
            operation=Operation.REORDER,
            permute=int(permutation is not None),
            divide=int(divide),
            norm=code,
            epsilon=_epsilon_bits(epsilon, columns) if code and not exponential else 0,
            bias=int(shift is not None),
            gate=int(scale is not None),
            m=rows,
            n=columns,
            b_address=0 if permutation is None else permutation.piece.address,
            bias_address=next((row.address for row in vectors.values()), 0),
            **_fields("a", a),
            **_fields("d", d),
        )
        return self._queue(job, *used)

    def _vectors(
        self, columns: int, lengths: dict[str, int], **vectors: DeviceMatrix | None
    ) -> dict[str, DeviceMatrix]:
        """Those of ``vectors`` that are there: binary32, each right behind the one before.

        Rows of ``columns`` elements, but for the ``lengths`` of columns.
        """
        given = {name: vector for name, vector in vectors.items() if vector is not None}
        for name, vector in given.items():
            self._mine(name, vector)
            shape = (lengths[name], 1) if name in lengths else (1, columns)
            if (vector.shape, vector.format) != (shape, MemoryFormat.BINARY32):
                raise ValueError(f"{name} must be binary32 of shape {shape}, not {vector}")
            if name in lengths and vector.shape[0] > 1 and vector.pitch != FLOAT_BYTES:
                raise ValueError(
                    f"{name} must have a pitch of {FLOAT_BYTES}, without gaps, not {vector.pitch}"
                )
        for (name, vector), (other, following) in pairwise(given.items()):
            behind = vector.address + FLOAT_BYTES * columns
            if following.address != behind:
                raise ValueError(
                    f"{other} must lie right behind {name}, at {behind:#x}, not at {following.address:#x}"
                )
        return given

    def _product(
        self,
        a: DeviceMatrix,
        b: DeviceMatrix,
        d: DeviceMatrix,
        vectors: dict[str, DeviceMatrix],
        accumulate: bool = False,
        keep: str | None = None,
        function: str | None = None,
        by_row: bool = False,
    ) -> Descriptor:
        return Descriptor(
            operation=Operation.PRODUCT,
            scale=int("scale" in vectors),
            bias=int("bias" in vectors),
            accumulate=int(accumulate),
            function=_function(function),
            gate=int("gate" in vectors),
            gate_by_row=int(by_row),
            keep_b=int(keeps_b(a, b, self.parameters) if keep is None else keep == "b"),
            m=a.shape[0],
            n=b.shape[0],
            k=a.shape[1],
            bias_address=next((vector.address for vector in vectors.values()), 0),
            **_fields("a", a),
            **_fields("b", b),
            **_fields("d", d),
        )


def _fields(name: str, matrix: DeviceMatrix) -> dict[str, Any]:
    return {
        f"{name}_format": matrix.format,
        f"{name}_mx9_blocks": matrix.mx9_blocks,
        f"{name}_address": matrix.address,
        f"{name}_pitch": matrix.pitch,
    }


def _function(name: str | None) -> Function:
    names = {f.name.lower(): f for f in Function if f}
    if name is None:
        return Function.NONE
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"function must be {', '.join(map(repr, names))} or None, not {name!r}")
    return names[name]


def _norm(name: str | None) -> Norm:
    names = {"layer": Norm.LAYER, "rms": Norm.RMS, "exponential": Norm.EXPONENTIAL}
    if name is None:
        return Norm.NONE
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"norm must be {', '.join(map(repr, names))} or None, not {name!r}")
    return names[name]


def _epsilon_bits(epsilon: float, columns: int) -> int:
    """The bit pattern of ``epsilon`` as rows of ``columns`` elements take it."""
    value = arguments.number("epsilon", epsilon)
    if not (0 <= value < np.inf and np.isfinite(scaled := scaled_epsilon(value, columns))):
        raise ValueError(f"epsilon must be at least 0, and finite times {columns}**2, not {epsilon!r}")
    return int(scaled.view(np.uint32))


def _check_shapes(a: Layout, b: Layout, d: Layout) -> None:
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"a and b must have the same K, not {a.shape[1]} and {b.shape[1]}")
    if d.shape != (a.shape[0], b.shape[0]):
        raise ValueError(f"d must have shape {(a.shape[0], b.shape[0])}, not {d.shape}")
