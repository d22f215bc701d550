"""What weights take in memory."""

__all__ = ["FP16_BITS", "times_smaller"]

FP16_BITS = 16


def times_smaller(weight_bits: float) -> float:
    """How many times smaller weights of so many bits each, scales included, are than in FP16.

    ValueError for bits that are not positive.
    """
    if not weight_bits > 0:
        raise ValueError(f"weight_bits must be positive, not {weight_bits!r}")
    return FP16_BITS / weight_bits
