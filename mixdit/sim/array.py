"""The Verilated array in Python: tiles and whole matrix products, bit for bit what the hardware gives."""

import ctypes
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden import FRACTION_BITS, SLOT_BYTES, Tensor, add_binary32
from hw.array.array import Array
from mixdit.sim.build import build_library
from mixdit.sim.coverage import next_file
from mixdit.sim.errors import HarnessError
from mixdit.sim.panels import Panel, panels
from mixdit.sim.waves import record

__all__ = ["ArrayHarness", "HarnessError", "Product", "Run", "Stalls"]

Progress = Callable[[int, int], None]
"""Called now and then during a run with the tiles finished and the tiles in all."""

_PROGRESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint64)


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """Random stalls: the probability of a cycle without TVALID (``a``, ``b``) and without TREADY (``d``)."""

    a: float = 0.0
    b: float = 0.0
    d: float = 0.0
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Run:
    """What a sequence of tiles gave.

    Parameters
    ----------
    values:
        float32 ``[tiles, rows, cols]``.
    status:
        uint8 ``[tiles]``: TUSER of each tile's beats.
    cycles:
        Cycles from the first input beat to the last output beat, both included.
    passes:
        Passes that the array issued, each one cycle of every processing element.
    expected_passes:
        Passes that the tiles' formats call for; malformed tiles not counted.
    pass_cycles:
        Cycles from the first pass to the last, both included.
    """

    values: NDArray[np.float32]
    status: NDArray[np.uint8]
    cycles: int
    passes: int
    expected_passes: int
    pass_cycles: int

    @property
    def utilization(self) -> float:
        """Share of the cycles from the first pass to the last in which the array multiplied."""
        return self.passes / self.pass_cycles


@dataclass(frozen=True, eq=False)
class Product:
    """A matrix product: ``values`` float32 ``[M, N]``, and the run that gave it."""

    values: NDArray[np.float32]
    run: Run


class _Input(ctypes.Structure):
    _fields_ = [
        ("table", ctypes.c_void_p),
        ("index", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        ("beats", ctypes.c_uint64),
        ("stall", ctypes.c_uint64),
    ]


class _Output(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        ("cycle", ctypes.c_void_p),
        ("beats", ctypes.c_uint64),
        ("stall", ctypes.c_uint64),
    ]


class _Request(ctypes.Structure):
    _fields_ = [
        ("a", _Input),
        ("b", _Input),
        ("d", _Output),
        ("seed", ctypes.c_uint64),
        ("idle_limit", ctypes.c_uint64),
        ("quiet_cycles", ctypes.c_uint64),
        ("progress", _PROGRESS),
        ("accepted_a", ctypes.c_uint64),
        ("accepted_b", ctypes.c_uint64),
        ("received", ctypes.c_uint64),
        ("first_cycle", ctypes.c_uint64),
        ("passes", ctypes.c_uint64),
        ("first_pass", ctypes.c_uint64),
        ("last_pass", ctypes.c_uint64),
    ]


class ArrayHarness:
    """A simulated array. Its state lives on from run to run, as in hardware.

    The first harness of a configuration compiles it (seconds to minutes), later ones load the library.

    Parameters
    ----------
    rows, cols, drain_rows, k_blocks, fraction_bits, target:
        Parameters of `hw.array.array.Array`.
    seed:
        Of what registers and memories hold at power-up.
    threads, optimization:
        See `mixdit.sim.build.build_library`.
    """

    def __init__(
        self,
        *,
        rows: int,
        cols: int,
        k_blocks: int,
        drain_rows: int | None = None,
        fraction_bits: int = FRACTION_BITS,
        target: str = "generic",
        seed: int = 1,
        threads: int = 1,
        optimization: str = "-Os",
    ):
        core = Array(
            rows=rows,
            cols=cols,
            drain_rows=drain_rows,
            k_blocks=k_blocks,
            fraction_bits=fraction_bits,
            target=target,
        )
        self.rows = rows
        self.cols = cols
        self.drain_rows: int = core.drain_rows
        self.k_blocks = k_blocks
        self.fraction_bits = fraction_bits
        path, design = build_library(core, threads=threads, optimization=optimization)
        self._library = ctypes.CDLL(str(path))
        self._library.array_open.restype = ctypes.c_void_p
        paths = [each and os.fsencode(each) for each in (record(design), next_file(design))]
        self._model = ctypes.c_void_p(self._library.array_open(ctypes.c_uint64(seed), *paths))
        # Also when Python ends: a waveform is whole only then.
        self._close = weakref.finalize(self, self._library.array_close, self._model)

    def close(self) -> None:
        """Free the model."""
        self._close()

    def reset(self) -> None:
        """Pulse ``rst``."""
        self._library.array_reset(self._model)

    def run_tiles(
        self,
        tiles: Sequence[tuple[Panel, Panel]],
        *,
        stalls: Stalls | None = None,
        progress: Progress | None = None,
        idle_limit: int = 20_000,
        quiet_cycles: int = 64,
    ) -> Run:
        """Stream tiles through the array, back to back but for the stalls.

        Parameters
        ----------
        tiles:
            The A and the B panel of each tile.
        stalls:
            Random stalls; none when not given.
        progress:
            Called now and then; what it raises ends the run.
        idle_limit:
            Cycles without a transfer after which the array counts as hung.
        quiet_cycles:
            Cycles to watch for unexpected output at the end.

        Raises ``HarnessError``; the array is reset then.
        """
        stalls = stalls or Stalls()
        count, beats = len(tiles), len(tiles) * self.drain_rows
        data = np.zeros((count, self.drain_rows, self.rows // self.drain_rows, self.cols), np.float32)
        user, last = np.zeros((2, count, self.drain_rows), np.uint8)
        cycle = np.zeros((count, self.drain_rows), np.uint64)
        failure: list[BaseException] = []

        def report(received: int) -> int:
            try:
                if progress:
                    progress(received // self.drain_rows, count)
            except BaseException as error:
                failure.append(error)
            return bool(failure)

        a, keep_a = _input([tile[0] for tile in tiles], self.rows, stalls.a)
        b, keep_b = _input([tile[1] for tile in tiles], self.cols, stalls.b)
        request = _Request(
            a=a,
            b=b,
            d=_Output(*(x.ctypes.data for x in (data, user, last, cycle)), beats, _probability(stalls.d)),
            seed=stalls.seed,
            idle_limit=idle_limit,
            quiet_cycles=quiet_cycles,
            progress=_PROGRESS(report) if progress else _PROGRESS(),
        )
        outcome = self._library.array_run(self._model, ctypes.byref(request))
        del keep_a, keep_b
        if outcome:
            self.reset()
            if failure:
                raise failure[0]
            raise HarnessError(
                f"{_OUTCOMES[outcome]} after {request.accepted_a} of {a.beats} beats of A, "
                f"{request.accepted_b} of {b.beats} of B, {request.received} of {beats} of D"
            )
        ends = np.arange(self.drain_rows) == self.drain_rows - 1
        if (last != ends).any() or (user != user[:, :1]).any():
            tile = int(np.flatnonzero((last != ends).any(axis=1) | (user != user[:, :1]).any(axis=1))[0])
            self.reset()
            raise HarnessError(f"TLAST or TUSER is wrong within tile {tile}: {last[tile]}, {user[tile]}")
        return Run(
            values=data.swapaxes(1, 2).reshape(count, self.rows, self.cols),
            status=user[:, 0],
            cycles=int(cycle[-1, -1]) + 1 - request.first_cycle,
            passes=request.passes,
            expected_passes=sum(_tile_passes(left, right) for left, right in tiles),
            pass_cycles=request.last_pass - request.first_pass + 1,
        )

    def matmul(
        self, a: Tensor, b: Tensor, *, stalls: Stalls | None = None, progress: Progress | None = None
    ) -> Product:
        """A * B^T as `golden.matmul` defines it with this array's ``fraction_bits`` and ``k_blocks``.

        Matrices are padded to whole tiles with zero blocks; K beyond ``k_blocks`` goes in chunks, whose
        results are added here.

        Parameters
        ----------
        a, b:
            ``[M, K]`` and ``[N, K]`` in any formats.
        stalls, progress:
            As for ``run_tiles``.

        Raises ``HarnessError``, also when the array reports a malformed tile.
        """
        left = panels(a, lanes=self.rows, k_blocks=self.k_blocks)
        right = panels(b, lanes=self.cols, k_blocks=self.k_blocks)
        chunks = len(left[0])
        tiles = [(x[i], y[i]) for x in left for y in right for i in range(chunks)]
        run = self.run_tiles(tiles, stalls=stalls, progress=progress)
        if run.status.any():
            raise HarnessError(f"status {run.status.max()} for well-formed tiles")
        grid = run.values.reshape(len(left), len(right), chunks, self.rows, self.cols).transpose(
            2, 0, 3, 1, 4
        )
        parts = grid.reshape(chunks, len(left) * self.rows, len(right) * self.cols)[
            :, : a.shape[0], : b.shape[0]
        ]
        values = np.ascontiguousarray(parts[0])
        for part in parts[1:]:
            values = add_binary32(values, part)
        return Product(values, run)


_OUTCOMES = {
    1: "no transfer for too long",
    2: "the output changed while stalled",
    3: "stopped",
    4: "unexpected output",
}


def _probability(value: float) -> int:
    if not 0 <= value < 1:
        raise ValueError(f"a stall probability must be at least 0 and below 1, not {value!r}")
    return round(value * 65536)


def _tile_passes(a: Panel, b: Panel) -> int:
    """Passes of a tile; 0 for a malformed one."""
    return int(a.passes @ b.passes) if len(a) == len(b) else 0


def _input(stream: Sequence[Panel], lanes: int, stall: float) -> tuple[_Input, list[NDArray[np.generic]]]:
    """C form of an input stream, and the arrays that it points into."""
    unique = list({id(panel): panel for panel in stream}.values())
    for panel in unique:
        if panel.slots.shape != (len(panel), lanes, SLOT_BYTES):
            raise ValueError(
                f"slots must have shape {(len(panel), lanes, SLOT_BYTES)}, not {panel.slots.shape}"
            )
    starts = dict(zip(map(id, unique), np.cumsum([0, *map(len, unique)]), strict=False))
    arrays = [
        np.concatenate([panel.slots for panel in unique]),
        np.concatenate(
            [np.arange(len(panel), dtype=np.uint32) + np.uint32(starts[id(panel)]) for panel in stream]
        ),
        np.concatenate([panel.codes for panel in stream]),
        np.concatenate([np.arange(len(panel)) == len(panel) - 1 for panel in stream]).astype(np.uint8),
    ]
    return _Input(*(array.ctypes.data for array in arrays), len(arrays[1]), _probability(stall)), arrays
