"""The kernels that software on a GPU makes of a workload."""

from collections.abc import Iterator
from dataclasses import dataclass

from perf.rtx3090.sources import SOFTWARE, sources
from perf.workloads.operation import Operation
from perf.workloads.workload import Workload

__all__ = ["Kernel", "kernels"]

_FUSED = ("activation", "elementwise", "reduction", "copy")
"""Kinds that TensorRT is taken to make within the kernel before or after them, at no cost."""

_FP16_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """One kernel: the operations of its products and its traffic in bytes."""

    flops: float
    bytes_moved: float


def kernels(workload: Workload, software: str) -> Iterator[Kernel]:
    """The kernels of ``workload``.

    Parameters
    ----------
    workload:
        In FP16.
    software:
        ``"eager"`` has one for each operation. ``"flash"`` has one for each attention, which moves queries,
        keys, values and results only, and fills heads up to a multiple of 32 channels. ``"tensorrt"`` does so
        too, and everything but products, norms, softmax and unknown operators is free.

    Raises
    ------
    ValueError
        For other software.
    """
    if software not in SOFTWARE:
        raise ValueError(f"there is no model of {software!r}, only of {', '.join(SOFTWARE)}")
    for operation in workload.operations:
        within = software != "eager" and operation.in_attention
        if not within and not (software == "tensorrt" and operation.kind in _FUSED):
            yield Kernel(flops=operation.flops, bytes_moved=operation.bytes_moved)
    if software != "eager":
        yield from _attention(workload)


def _attention(workload: Workload) -> Iterator[Kernel]:
    products = [operation for operation in workload.products if operation.in_attention]
    for scores, values in zip(products[::2], products[1::2], strict=True):
        yield _one_attention(scores, values)


def _one_attention(scores: Operation, values: Operation) -> Kernel:
    product, of_values = scores.product, values.product
    assert product
    assert of_values
    multiple = int(sources().assumptions["head_multiple"].value)
    filled = -(-product.k // multiple) * multiple / product.k
    queries, keys = product.m * product.k, product.k * product.n
    moved = queries + keys + of_values.k * of_values.n + of_values.m * of_values.n
    return Kernel(
        flops=(scores.flops + values.flops) * filled,
        bytes_moved=_FP16_BYTES * product.batch * moved,
    )
