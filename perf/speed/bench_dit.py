"""Speed of the PyTorch layers on one core, as ratios to what they replace.

Run ``python -m perf.speed.bench_dit`` (``--json``: one JSON object). The sides of
a ratio run in turn in one process, and the fastest of several rounds counts, so a busy machine disturbs
ratios little. Where AMD Quark is installed, its MX6 and MX9 emulation is the other side of fake quantization
too.
"""

import argparse
import json
import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING
from unittest import mock

if not TYPE_CHECKING:
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when torch is imported

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import golden
from golden import FORMATS, MX6, MX9
from mixdit.tensors import native
from mixdit.tensors.matmul import matmul
from mixdit.tensors.operand import prepare
from mixdit.tensors.quantize import dequantize, fake_quantize, fake_quantize_mixed, quantize
from perf.speed.fastest import fastest, milliseconds

M, N, K = 256, 1152, 1152
REPEATS = 200

Row = dict[str, object]


def quantization() -> list[Row]:
    """Rates in GB/s of binary32, beside golden's two steps, and Quark's emulation if that is there."""
    x = torch.randn(4096, K, generator=torch.Generator().manual_seed(0))
    array = x.numpy()
    rows: list[Row] = []

    def add(what: str, seconds: float, other: float, to: str) -> None:
        rate = x.numel() * 4 / seconds / 1e9
        rows.append({"what": what, "value": rate, "unit": "GB/s", "ratio": other / seconds, "to": to})

    for fmt in FORMATS.values():
        ours, theirs = fastest(partial(fake_quantize, x, fmt), partial(golden_round_trip, array, fmt))
        add(f"fake_quantize {fmt}", ours, theirs, "golden")
    if native.available():
        with mock.patch.object(native, "available", return_value=False):
            (tensors,) = fastest(partial(fake_quantize, x, MX6))
        (compiled,) = fastest(partial(fake_quantize, x, MX6))
        add("fake_quantize MX6 without a C++ compiler", tensors, compiled, "with one")
        tiny = torch.randn(16, 128)
        (call,) = fastest(partial(repeat, fake_quantize, tiny, MX6))
        (pass_,) = fastest(partial(repeat, native.fake_quantize, tiny, "MX6*8"))
        row = {"what": "fake_quantize MX6 of 16 x 128", "value": call / REPEATS * 1e6, "unit": "us"}
        rows.append(row | {"ratio": call / pass_, "to": "its compiled pass"})
    mixed, alone = fastest(partial(fake_quantize_mixed, x, 4), partial(fake_quantize, x, MX6))
    add("fake_quantize_mixed, 4 MX9 blocks and MX6", mixed, alone, "MX6 alone")
    codes = quantize(x, MX6)
    encode, their_encode = fastest(partial(quantize, x, MX6), partial(golden.quantize, array, MX6))
    add("quantize MX6", encode, their_encode, "golden")
    their_codes = codes.to_golden()
    decode, their_decode = fastest(partial(dequantize, codes), partial(golden.dequantize, their_codes))
    add("dequantize MX6", decode, their_decode, "golden")
    for fmt in (MX6, MX9):
        emulation = quark_emulation(fmt)
        if emulation is not None:
            assert torch.equal(emulation(x), fake_quantize(x, fmt))
            ours, theirs = fastest(partial(fake_quantize, x, fmt), partial(emulation, x))
            add(f"fake_quantize {fmt}", ours, theirs, "AMD Quark")
    return rows


def repeat(function: Callable[..., Tensor], *arguments: object) -> None:
    """Call a function often, as clocks are too coarse for one call."""
    for _ in range(REPEATS):
        function(*arguments)


def golden_round_trip(x: NDArray[np.float32], fmt: golden.Format) -> NDArray[np.float32]:
    """Quantize and decode by the golden model."""
    return golden.dequantize(golden.quantize(x, fmt))


def quark_emulation(fmt: golden.Format) -> Callable[[Tensor], Tensor] | None:
    """AMD Quark 0.13's fake quantization to MX6 or MX9, or None where it is not installed."""
    if find_spec("quark") is None:
        return None
    from quark.torch.kernel.hw_emulation.hw_emulation_interface import fake_quantize_mx6_mx9

    return partial(
        fake_quantize_mx6_mx9,
        axis=-1,
        block_size=fmt.block_size,
        quant_bit=fmt.element_bits,
        sub_block_size=fmt.subblock_size,
    )


def products() -> list[Row]:
    """Times of a product, beside float64 ``a @ b.T`` of its size; operands are codes."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(n, K, generator=generator) for n in (M, N))
    x[:, :64] *= 20  # about 5% of K in MX9
    a = quantize(x, [MX9] * 4 + [MX6] * (K // 16 - 4))
    b = quantize(y, MX6)
    spread = torch.randint(-12, 12, (N, K // 16), generator=generator).repeat_interleave(16, 1)
    wide = quantize(torch.ldexp(y, spread), MX6)
    x64, y64 = x.double(), y.double()
    ready, wide_ready = prepare(b), prepare(wide)
    names = [
        "exact, from codes",
        "exact, weights prepared",
        "exact, weights prepared, wide exponents: floors everywhere",
    ]
    seconds = fastest(
        lambda: x64 @ y64.T,
        partial(matmul, a, b),
        partial(matmul, a, ready),
        partial(matmul, a, wide_ready),
    )
    rows: list[Row] = milliseconds([f"matmul {M}x{K}x{N} {name}" for name in names], seconds, "float64")
    theirs = a.to_golden(), b.to_golden()
    ours, golden_seconds = fastest(partial(matmul, a, b), partial(golden.matmul, *theirs))
    ratio = golden_seconds / ours
    what = f"matmul {M}x{K}x{N} exact, from codes"
    return [*rows, {"what": what, "value": ours * 1e3, "unit": "ms", "ratio": ratio, "to": "golden, inverse"}]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = quantization() + products()
    if arguments.json:
        print(json.dumps({"bench": "dit", "rows": rows}))
        return
    for row in rows:
        print(f"{row['what']:<84} {row['value']:8.2f} {row['unit']:<5} {row['ratio']:6.2f} x {row['to']}")
    if find_spec("quark") is None:
        print("AMD Quark is not installed: no comparison with it (pip install amd-quark)")


if __name__ == "__main__":
    main()
