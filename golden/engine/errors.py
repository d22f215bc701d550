"""Why an engine stopped."""

from enum import IntEnum


class ErrorCode(IntEnum):
    """What register ERROR_CODE says. Any error stops the engine until a soft reset.

    Codes below `READ_SLAVE_ERROR` refuse a descriptor, before any access to memory; of several
    faults the one with the lowest code is reported. ERROR_ADDRESS is 0 for them, and for the others the
    address in memory: that of the beat (read) or burst (write) answered with an error.
    """

    NONE = 0
    RESERVED_BITS = 1
    """A reserved bit is set, or a field that the operation does not use is not 0."""
    OPERATION = 2
    """Unknown operation, or one that this engine was built without."""
    SIZE = 3
    """M, N or K is 0 or beyond its limit, or a row is longer than the reorder unit's."""
    A_FORMAT = 4
    B_FORMAT = 5
    D_FORMAT = 6
    """A format that does not exist, or not for this matrix; accumulation asks for binary32."""
    A_MX9_BLOCKS = 7
    B_MX9_BLOCKS = 8
    D_MX9_BLOCKS = 9
    """More leading MX9 blocks than the row has, or some where the format is not MX4 or MX6."""
    A_ALIGNMENT = 10
    B_ALIGNMENT = 11
    D_ALIGNMENT = 12
    BIAS_ALIGNMENT = 13
    """Address or pitch is not a multiple of the matrix's alignment."""
    A_PITCH = 14
    B_PITCH = 15
    D_PITCH = 16
    """Pitch is less than the bytes of a row."""
    A_RANGE = 17
    B_RANGE = 18
    D_RANGE = 19
    BIAS_RANGE = 20
    """The matrix ends beyond the last address."""
    OVERLAP_A = 21
    OVERLAP_B = 22
    OVERLAP_BIAS = 23
    """D's bytes, gaps between its rows included, meet those of A, B (or the permutation) or the bias."""
    READ_SLAVE_ERROR = 32
    READ_DECODE_ERROR = 33
    WRITE_SLAVE_ERROR = 34
    WRITE_DECODE_ERROR = 35
    """Memory answered SLVERR or DECERR."""
    PERMUTATION = 36
    """An index of the permutation is not below N."""
