"""Why an engine stopped."""

from enum import IntEnum

from golden.engine.memory_format import MIXABLE_FORMATS


class ErrorCode(IntEnum):
    """What register ERROR_CODE says. Any error stops the engine until a soft reset.

    Codes below `READ_SLAVE_ERROR` refuse a descriptor, before any access to memory; of several
    faults the one with the lowest code is reported. ERROR_ADDRESS is 0 for them, but for `LIST`, which has
    the entry's; for the others it is the address in memory: that of the beat (read) or burst (write)
    answered with an error.
    """

    NONE = 0
    RESERVED_BITS = 1
    OPERATION = 2
    SIZE = 3
    A_FORMAT = 4
    B_FORMAT = 5
    D_FORMAT = 6
    A_MX9_BLOCKS = 7
    B_MX9_BLOCKS = 8
    D_MX9_BLOCKS = 9
    A_ALIGNMENT = 10
    B_ALIGNMENT = 11
    D_ALIGNMENT = 12
    BIAS_ALIGNMENT = 13
    A_PITCH = 14
    B_PITCH = 15
    D_PITCH = 16
    A_RANGE = 17
    B_RANGE = 18
    D_RANGE = 19
    BIAS_RANGE = 20
    OVERLAP_A = 21
    OVERLAP_B = 22
    OVERLAP_BIAS = 23
    FUNCTION = 24
    LIST = 25
    READ_SLAVE_ERROR = 32
    READ_DECODE_ERROR = 33
    WRITE_SLAVE_ERROR = 34
    WRITE_DECODE_ERROR = 35
    PERMUTATION = 36

    @property
    def meaning(self) -> str:
        """What it says, in a line."""
        text = _MEANINGS.get(self.name)
        if text is None:
            matrix, _, fault = self.name.partition("_")
            name = "the bias" if matrix == "BIAS" else matrix
            text = _MATRIX_MEANINGS[fault].format(matrix=name, mixable=_MIXABLE)
        return text


_MEANINGS = {
    "NONE": "no error",
    "RESERVED_BITS": "a reserved bit, or a field that the operation does not use, is not 0",
    "OPERATION": "unknown operation, or one that this engine was built without",
    "SIZE": "M, N or K is 0 or beyond its limit, or a row is longer than the reorder unit's, or a norm's",
    "D_FORMAT": "D's format is unknown or not for this operation; accumulation asks for binary32",
    "OVERLAP_A": "D meets A, the gaps between rows of both counted",
    "OVERLAP_B": "D meets B or the permutation, the gaps between rows of both counted",
    "OVERLAP_BIAS": "D meets the scale, bias or gate, the gaps between D's rows counted",
    "FUNCTION": "unknown function or norm, a norm beside divide or with a negative or infinite epsilon,"
    " exponentials with epsilon, bias or gate; any of these, a scale or a gate, in an engine without",
    "LIST": "an entry of a list is not aligned to 128 bytes, or beyond the addresses",
    "READ_SLAVE_ERROR": "memory answered a read with SLVERR",
    "READ_DECODE_ERROR": "memory answered a read with DECERR",
    "WRITE_SLAVE_ERROR": "memory answered a write with SLVERR",
    "WRITE_DECODE_ERROR": "memory answered a write with DECERR",
    "PERMUTATION": "an index of the permutation is not below N",
}

_MIXABLE = " or ".join(fmt.name for fmt in MIXABLE_FORMATS)

_MATRIX_MEANINGS = {
    "FORMAT": "{matrix}'s format is unknown or not for this operation",
    "MX9_BLOCKS": "more leading MX9 blocks than {matrix} has blocks, or some without format {mixable}",
    "ALIGNMENT": "{matrix}'s address or pitch is not a multiple of its alignment: 4 for binary32, else 2",
    "PITCH": "{matrix}'s pitch is less than the bytes of its rows",
    "RANGE": "{matrix} ends beyond the last address",
}
