"""What a carry chain can add, bit by bit: two small functions of a bit's inputs."""

import enum

__all__ = ["CarryOp"]


class CarryOp(enum.Enum):
    """What a chain adds, bit by bit, before the carry comes in; a to e are the inputs of a bit."""

    AND_AND = "(a & b) + (c & d)"
    PASS_XOR = "a + (c ^ d)"
    XOR_XOR = "(a ^ b) + (c ^ d)"
    PASS_SELECT = "a + (b ? c : d)"
    PASS_SELECT_XOR = "a + ((b ? c : d) ^ e)"
    CLEAR_XOR = "(a & ~b) + (c ^ d)"

    def terms(self, a, b, c, d, e=0):
        """The two addends of a bit; the same of every bit at once for values of one width."""
        return _TERMS[self](a, b, c, d, e)

    @property
    def inputs(self):
        """Inputs of a bit besides the carry, 4 or 5."""
        return 5 if "e" in self.value else 4

    @property
    def passes(self):
        """Whether one of the addends is an input as it comes."""
        return self.value.startswith("a +")


_TERMS = {
    CarryOp.AND_AND: lambda a, b, c, d, e: (a & b, c & d),
    CarryOp.PASS_XOR: lambda a, b, c, d, e: (a, c ^ d),
    CarryOp.XOR_XOR: lambda a, b, c, d, e: (a ^ b, c ^ d),
    CarryOp.PASS_SELECT: lambda a, b, c, d, e: (a, (b & c) | (~b & d)),
    CarryOp.PASS_SELECT_XOR: lambda a, b, c, d, e: (a, ((b & c) | (~b & d)) ^ e),
    CarryOp.CLEAR_XOR: lambda a, b, c, d, e: (a & ~b, c ^ d),
}
