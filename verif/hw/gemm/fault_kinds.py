"""Kinds of faults, and what must not come of them."""

from golden.engine import ErrorCode
from mixdit.sim import Fault, Response

__all__ = ["BUS_FAULTS", "CODES", "KINDS", "MUST_BE_ZERO"]

BUS_FAULTS = {
    "SLVERR on a read": (Fault(writes=False, beat=0, response=Response.SLVERR),),
    "DECERR on a read": (Fault(writes=False, beat=0, response=Response.DECERR),),
    "SLVERR on a write": (Fault(writes=True, beat=0, response=Response.SLVERR),),
    "DECERR on a write": (Fault(writes=True, beat=0, response=Response.DECERR),),
    "many reads and writes": (
        Fault(writes=False, beat=0, beats=10, response=Response.SLVERR),
        Fault(writes=True, beat=0, beats=10, response=Response.DECERR),
    ),
}
"""Beats that the memory refuses, by kind."""

KINDS = (
    *BUS_FAULTS,
    "soft reset",
    "reset",
    "bad descriptor",
    "bad permutation",
    "misplaced entry",
    "reserved word",
    "error on an entry",
    "endless list",
)
"""All kinds."""

MUST_BE_ZERO = (
    "hangs",
    "writes outside D",
    "wrong results as good",
    "unreported",
    "wrong code or address",
    "not recovered",
)
"""What counts trials that ended badly."""

CODES = {
    (False, Response.SLVERR): ErrorCode.READ_SLAVE_ERROR,
    (False, Response.DECERR): ErrorCode.READ_DECODE_ERROR,
    (True, Response.SLVERR): ErrorCode.WRITE_SLAVE_ERROR,
    (True, Response.DECERR): ErrorCode.WRITE_DECODE_ERROR,
}
"""What the engine says of a refused beat, by whether it writes and by the response."""
