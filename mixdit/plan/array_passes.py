"""What products cost: passes of the array, each over 16 elements of a row of A and of a row of B."""

from collections.abc import Callable
from dataclasses import dataclass

from golden import Format
from golden.formats import BLOCK_SIZE, ONE_PASS_FORMATS
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import LinearPlan

__all__ = ["Price", "Product", "array_passes", "head_products", "linear_product"]


@dataclass(frozen=True, kw_only=True)
class Product:
    """A * B^T on the array.

    Parameters
    ----------
    rows, columns:
        Rows of A, and of B.
    a, b:
        The format of each k-block of both.
    count:
        How many such products there are.
    """

    rows: float
    columns: float
    a: tuple[Format, ...]
    b: tuple[Format, ...]
    count: float = 1


Price = Callable[[Product], float]
"""What a product costs. `array_passes`, or a model of cycles in its place."""


def array_passes(product: Product) -> float:
    """Passes: for each pair of k-blocks one, twice as many for each of the two that is in MX9."""
    of_row = sum(_passes(a) * _passes(b) for a, b in zip(product.a, product.b, strict=True))
    return product.count * product.rows * product.columns * of_row


def _passes(fmt: Format) -> int:
    return 1 if fmt in ONE_PASS_FORMATS else 2


def linear_product(plan: LinearPlan, out_features: int, tokens: float) -> Product:
    """Activations times weights; with formats chosen at run time, as if all were in the low one."""
    weights = (plan.weight,) * len(plan.formats)
    return Product(rows=tokens, columns=out_features, a=plan.formats, b=weights)


def head_products(
    formats: HeadFormats, *, tokens: float, keys: float, width: int, value_width: int, count: float = 1
) -> tuple[Product, Product]:
    """The products q k^T and p v of so many heads, of so many channels of q and k, and of v."""
    along_channels, along_keys = -(-width // BLOCK_SIZE), -(-round(keys) // BLOCK_SIZE)
    q, k, p, v = formats
    return (
        Product(rows=tokens, columns=keys, a=(q,) * along_channels, b=(k,) * along_channels, count=count),
        Product(rows=tokens, columns=value_width, a=(p,) * along_keys, b=(v,) * along_keys, count=count),
    )
