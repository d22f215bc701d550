"""One operation of a network, as it was called."""

from dataclasses import dataclass

__all__ = ["KINDS", "PRODUCTS", "Operation", "Product"]

PRODUCTS = ("linear", "convolution", "matmul", "attention scores", "attention values")
"""Kinds with a matrix product; the others have traffic only."""

KINDS = (*PRODUCTS, "softmax", "norm", "activation", "elementwise", "reduction", "copy", "unknown")
"""Every kind of operation, in the order of tables. Views are none: they move nothing."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """``batch`` products of matrices ``[m, k]`` and ``[k, n]``.

    Parameters
    ----------
    m, k, n, batch:
        Sizes. A convolution is the product of its unfolded input and its filters; one in groups has a
        batch of groups.
    heads, head_dimension:
        Of attention, else 0. Then ``batch`` counts the heads of all samples.
    """

    m: int
    k: int
    n: int
    batch: int = 1
    heads: int = 0
    head_dimension: int = 0

    @property
    def macs(self) -> int:
        """Multiplications, each with its addition."""
        return self.m * self.k * self.n * self.batch


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call of an operator of PyTorch.

    Parameters
    ----------
    kind:
        One of ``KINDS``.
    operator:
        Its name in ATen, ``"addmm"``.
    layer:
        Path of the innermost module that it was called in, ``""`` for the outermost.
    elements:
        Elements written.
    bytes_read, bytes_written:
        Traffic if nothing stays on the chip between operations; what broadcasting repeats counts once.
    product:
        The product of kinds in ``PRODUCTS``, else none.
    in_attention:
        Whether attention calls it: the two products, softmax, scale and mask.
    """

    kind: str
    operator: str
    layer: str
    elements: int
    bytes_read: int
    bytes_written: int
    product: Product | None = None
    in_attention: bool = False

    @property
    def flops(self) -> int:
        """Operations of its product, two for each multiplication with addition; 0 for kinds without one."""
        return 2 * self.product.macs if self.product else 0

    @property
    def bytes_moved(self) -> int:
        """Bytes read and written."""
        return self.bytes_read + self.bytes_written
