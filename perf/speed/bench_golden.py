"""Speed of the golden model on one core, as ratios to what NumPy does at best.

Run ``python -m perf.speed.bench_golden`` (``--json``: one JSON object).
The two sides of a ratio run in turn in one process, and the fastest of several rounds counts, so a busy
machine disturbs ratios little.
"""

import argparse
import json
import os
from functools import partial
from typing import TYPE_CHECKING

if not TYPE_CHECKING:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import numpy as np

from golden import FORMATS, MX6, MX9, concat, dequantize, matmul, pack, quantize, unpack
from perf.speed.fastest import fastest, milliseconds

M, N, K = 256, 1152, 1152


def conversions() -> list[dict[str, object]]:
    """Rates in GB/s of binary32, beside a copy of the same array."""
    x = np.random.default_rng(0).normal(size=(2048, K)).astype(np.float32)
    rows: list[dict[str, object]] = []
    for fmt in FORMATS.values():
        t = quantize(x, fmt)
        data = pack(t)
        seconds = fastest(
            partial(quantize, x, fmt),
            partial(dequantize, t),
            partial(pack, t),
            partial(unpack, data, fmt, K),
            x.copy,
        )
        encode, decode, packing, unpacking, copy = (s / x.nbytes * 1e9 for s in seconds)
        for what, cost in (
            (f"quantize {fmt}", encode),
            (f"dequantize {fmt}", decode),
            (f"quantize + dequantize {fmt}", encode + decode),
            (f"pack {fmt}", packing),
            (f"unpack {fmt}", unpacking),
        ):
            rows.append({"what": what, "value": 1 / cost, "unit": "GB/s", "ratio": cost / copy, "to": "copy"})
    return rows


def products() -> list[dict[str, object]]:
    """Times of a product, beside float64 ``a @ b.T`` of its size; conversion of operands included."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(M, K)), rng.normal(size=(N, K))
    wide = 64  # about 5% of K in MX9
    x[:, :wide] *= 20
    x32 = x.astype(np.float32)
    a = concat([quantize(x32[:, :wide], MX9), quantize(x32[:, wide:], MX6)])
    b = quantize(y.astype(np.float32), MX6)
    far = (y * np.exp2(np.repeat(rng.integers(-12, 12, K // 16), 16))).astype(np.float32)
    c = quantize(far, MX6)
    names = ["aligned", "aligned, wide exponents: pass by pass", "float32 accumulator"]
    seconds = fastest(
        lambda: x @ y.T,
        lambda: matmul(a, b),
        lambda: matmul(a, c),
        lambda: matmul(a, b, accumulator="float32"),
    )
    return milliseconds([f"matmul {M}x{K}x{N} {name}" for name in names], seconds, "float64")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    rows = conversions() + products()
    if arguments.json:
        print(json.dumps({"bench": "golden", "rows": rows}))
        return
    for row in rows:
        print(f"{row['what']:<62} {row['value']:8.2f} {row['unit']:<5} {row['ratio']:6.2f} x {row['to']}")


if __name__ == "__main__":
    main()
