"""Published approximations, in float64: their formulas, without their integer scales."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["e2softmax", "hard_swish", "i_exp", "i_gelu", "softermax"]

Floats = NDArray[np.float64]


def i_exp(x: Floats) -> Floats:
    """e**x for x <= 0: a parabola over ln 2, shifted (I-BERT, arXiv 2101.01321, section 3.5)."""
    halvings = np.floor(-x / np.log(2))
    rest = x + halvings * np.log(2)
    return np.asarray((0.3585 * (rest + 1.353) ** 2 + 0.344) * 2.0**-halvings)


def softermax(x: Floats) -> Floats:
    """e**x for x <= 0, in base 2: two fraction bits of the argument, 15 of the result.

    Softermax, arXiv 2103.09301, section IV: Q(6, 2) in, Q(1, 15) out.
    """
    argument = np.floor(x * np.log2(np.e) * 4) / 4
    integer = np.floor(argument)
    return np.asarray(np.floor(2.0 ** (argument - integer) * 2.0**integer * 2**15) / 2**15)


def e2softmax(x: Floats) -> Floats:
    """e**x for x <= 0 as a power of two, its exponent ``x + x / 2 - x / 16`` in four bits.

    SOLE, arXiv 2510.17189, E2Softmax.
    """
    return 2.0 ** -np.clip(np.round(-(x + x / 2 - x / 16)), 0, 15)


def i_gelu(x: Floats) -> Floats:
    """GELU by a parabola for the error function (I-BERT, section 3.4)."""
    size = np.minimum(np.abs(x) / np.sqrt(2), 1.769)
    error_function = np.sign(x) * (-0.2888 * (size - 1.769) ** 2 + 1)
    return np.asarray(0.5 * x * (1 + error_function))


def hard_swish(x: Floats) -> Floats:
    """What MobileNetV3 has in place of SiLU (arXiv 1905.02244, section 5.2)."""
    return np.asarray(x * np.clip(x + 3, 0, 6) / 6)
