"""The engine's registers: the one table from which hardware, driver, C header and documentation are made.

All are 32 bits wide. Reserved bits read as 0; written to a staged descriptor they must be 0.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count

from golden.engine.function import Function
from golden.engine.memory_format import (
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    MemoryFormat,
)
from golden.engine.norm import Norm

IDENTIFIER = 0x4D584447
"""What register ID reads: "MXDG"."""

VERSION = (1, 3)
"""Version of the register interface, major and minor. A driver asks for the same major."""

ADDRESS_SPACE_BITS = 12
"""Width of the control port's addresses: the registers take 4 KiB."""


class Access(Enum):
    """What software does with a register."""

    READ = "read"
    WRITE = "write"
    READ_WRITE = "read, write"
    CLEAR = "read, write 1 to clear"


@dataclass(frozen=True, kw_only=True)
class Field:
    """Some bits of a register.

    Parameters
    ----------
    name:
        Its name, lower case.
    low, width:
        Its lowest bit and its number of bits.
    meaning:
        What it says, in a line.
    """

    name: str
    low: int
    width: int
    meaning: str

    @property
    def mask(self) -> int:
        """The field's bits in the register."""
        return ((1 << self.width) - 1) << self.low

    def get(self, word: int) -> int:
        """Its value in a register's word."""
        return (word & self.mask) >> self.low

    def put(self, value: int) -> int:
        """A register's word with this field alone; raises ``ValueError`` if it does not fit."""
        if not 0 <= value < 1 << self.width:
            raise ValueError(f"{self.name} must be 0 to {(1 << self.width) - 1}, not {value!r}")
        return value << self.low


@dataclass(frozen=True, kw_only=True)
class Register:
    """One register.

    Parameters
    ----------
    name:
        Its name, upper case.
    offset:
        Byte offset from the engine's base.
    access:
        What software does with it.
    fields:
        Its fields, lowest first.
    meaning:
        What it is for, in a line.
    """

    name: str
    offset: int
    access: Access
    fields: tuple[Field, ...]
    meaning: str

    def __getitem__(self, name: str) -> Field:
        """The field called ``name``."""
        return next(field for field in self.fields if field.name == name)

    @property
    def used(self) -> int:
        """Mask of the bits that are not reserved."""
        return sum(field.mask for field in self.fields)

    def unpack(self, word: int) -> dict[str, int]:
        """Every field's value in ``word``."""
        return {field.name: field.get(word) for field in self.fields}

    def pack(self, **values: int) -> int:
        """The word with these fields, the others 0."""
        return sum(self[name].put(value) for name, value in values.items())


_Bits = tuple[str, int, int, str]
"""A field in the tables below: name, lowest bit, width, meaning."""


def _words(base: int, access: Access) -> Callable[..., Register]:
    """Makes registers one after the other, from offset ``base`` on; one without fields holds a value."""
    offsets = count(base, 4)

    def word(name: str, meaning: str, *fields: _Bits, access: Access = access) -> Register:
        fields = fields or (("value", 0, 32, meaning),)
        made = tuple(Field(name=f, low=low, width=width, meaning=text) for f, low, width, text in fields)
        return Register(name=name, offset=next(offsets), access=access, fields=made, meaning=meaning)

    return word


def _one_of(formats: Sequence[MemoryFormat]) -> str:
    """Their codes in words: "0 to 3", "0, 1 or 2"."""
    first, *_, last = codes = [fmt.value for fmt in formats]
    if len(codes) > 3 and codes == list(range(first, last + 1)):
        return f"{first} to {last}"
    return f"{', '.join(map(str, codes[:-1]))} or {last}"


COUNTERS: Mapping[str, str] = {
    "CYCLES": "cycles in which a job was in progress: the sum of the next six",
    "BUSY": "cycles in which array 0 took a pass: the sum of the three counters of passes",
    "FILL": "cycles of a job before its first pass",
    "DRAIN": "cycles of a job after its last pass, until all of D was acknowledged",
    "LOADER_STALL": "cycles without a pass while operands on chip were on their way to the array",
    "READ_STALL": "cycles without a pass while operands were on their way from memory",
    "WRITE_STALL": "cycles without a pass because results could not leave",
    "PASSES_SINGLE": "passes of pairs of k-blocks of which neither is MX9: 1 a pair",
    "PASSES_DOUBLE": "passes of pairs of k-blocks of which one is MX9: 2 a pair",
    "PASSES_QUADRUPLE": "passes of pairs of k-blocks that are both MX9: 4 a pair",
    "BYTES_READ": "bytes of all read beats, used or not",
    "BYTES_WRITTEN": "bytes written, those with their strobe set",
}
"""Performance counters. Each wraps at 2**32; read them while no job is in progress."""

STALLS = ("BUSY", "FILL", "DRAIN", "LOADER_STALL", "READ_STALL", "WRITE_STALL")
"""The counters that add up to CYCLES: each cycle of a job counts in exactly one."""

PASSES = ("PASSES_SINGLE", "PASSES_DOUBLE", "PASSES_QUADRUPLE")
"""The counters that add up to BUSY."""


_EVENTS: tuple[_Bits, ...] = (
    ("done", 0, 1, "a job is complete: all of its D was acknowledged by memory"),
    ("error", 1, 1, "an error stopped the engine"),
    ("list", 2, 1, "a list is complete: all of its jobs' D was acknowledged by memory"),
    (
        "range",
        3,
        1,
        "a result could not be held, of a job that is complete or in progress: 2^x of a product from"
        " 128 - 2^-13 on, a row divided by what is no positive normal number up to 2^126, a norm of a row"
        " with an infinity or NaN, exponentials of a row without a number as maximum; the engine goes on",
    ),
)


def _control() -> Iterable[Register]:
    word = _words(0x000, Access.READ)
    refused = "address that memory refused, or of an entry that no list may have"
    yield word("ID", f'{IDENTIFIER:#010x}, "MXDG"')
    yield word(
        "VERSION",
        "version of this register interface",
        ("minor", 0, 16, "grows with every addition"),
        ("major", 16, 16, "grows when software must change"),
    )
    yield word(
        "ARRAY",
        "size of the arrays",
        ("rows", 0, 8, "rows of a tile of D"),
        ("cols", 8, 8, "columns of a tile of D"),
        ("drain_rows", 16, 8, "rows of a drain segment"),
        ("arrays", 24, 8, "arrays side by side in M"),
    )
    yield word(
        "BUFFERS",
        "what the engine holds on chip",
        ("k_blocks", 0, 16, "blocks of 16 along K in a chunk"),
        ("stationary_tiles", 16, 8, "tiles of the stationary operand"),
        ("queue_depth", 24, 8, "descriptors that the queue holds while a job runs"),
    )
    yield word(
        "PORT",
        "arithmetic, and the memory port",
        ("data_bits", 0, 16, "width of its data"),
        ("address_bits", 16, 8, "width of its addresses"),
        ("fraction_bits", 24, 8, "fraction bits F of the aligned accumulator"),
    )
    yield word(
        "REORDER",
        "the reorder unit",
        ("reorder_columns", 0, 32, "elements of the longest row it permutes; 0 without the unit"),
    )
    yield word(
        "CONTROL",
        "actions, each by a 1",
        ("soft_reset", 0, 1, "drop all jobs; done when STATUS.resetting is 0 again"),
        ("clear_counters", 1, 1, "set all performance counters to 0"),
        access=Access.WRITE,
    )
    yield word(
        "STATUS",
        "what the engine does",
        ("busy", 0, 1, "a job is in progress or waits, or a list is not complete"),
        ("full", 1, 1, "the queue takes no descriptor, or a list is being fetched: DOORBELL is refused"),
        ("error", 2, 1, "stopped by an error, until a soft reset"),
        ("resetting", 3, 1, "a soft reset waits for accesses to memory to end"),
        ("list", 4, 1, "a list is being fetched, or one of its jobs is not done"),
        ("fetching", 5, 1, "entries of a list are left to fetch: LIST_DOORBELL is refused"),
        (
            "waiting",
            8,
            8,
            "descriptors taken and not done, without the job in progress: up to queue_depth + 3, as three"
            " leave the queue ahead of their turn",
        ),
    )
    yield word("INTERRUPT_STATUS", "what happened since it was cleared", *_EVENTS, access=Access.CLEAR)
    yield word("INTERRUPT_ENABLE", "which of these raise the interrupt", *_EVENTS, access=Access.READ_WRITE)
    yield word(
        "ERROR_CODE",
        "why the engine stopped, 0 if it did not",
        ("code", 0, 8, "one of the error codes"),
    )
    yield word("ERROR_ADDRESS_LOW", f"{refused}, bits 31:0")
    yield word("ERROR_ADDRESS_HIGH", f"{refused}, bits 63:32")
    yield word("JOBS_SUBMITTED", "descriptors taken since the last reset, modulo 2**32")
    yield word("JOBS_DONE", "jobs complete since the last reset, modulo 2**32")
    yield word(
        "DOORBELL",
        "any write with a byte strobe queues the staged descriptor; answered SLVERR if the queue is full, a"
        " list is being fetched, or an error stopped the engine",
        access=Access.WRITE,
    )
    yield word(
        "FUNCTIONS",
        "functions, gates, divisions and norms",
        ("function_lanes", 0, 8, "results per cycle and array that go through 2^x; 0 without all of these"),
    )
    yield word("LIST_ADDRESS_LOW", "address of a list's first entry, bits 31:0", access=Access.READ_WRITE)
    yield word("LIST_ADDRESS_HIGH", "address of a list's first entry, bits 63:32", access=Access.READ_WRITE)
    yield word(
        "LIST_DOORBELL",
        "any write with a byte strobe begins to fetch the list at LIST_ADDRESS; answered SLVERR if one is"
        " being fetched or an error stopped the engine",
        access=Access.WRITE,
    )
    yield word("LISTS_DONE", "lists complete since the last reset, modulo 2**32")


COUNTER_BASE = 0x080
"""Offset of the first performance counter; the others follow."""

DESCRIPTOR_BASE = 0x100
"""Offset of the staged descriptor's first word. It keeps its value after the doorbell."""


def _descriptor() -> Iterable[Register]:
    word = _words(DESCRIPTOR_BASE, Access.READ_WRITE)
    functions, norms = (
        ", ".join(f"{code.value} {code.name.lower()}" for code in codes) for codes in (Function, Norm)
    )
    yield word(
        "OPERATION",
        "what to do",
        ("operation", 0, 4, "0 product D = A * B^T, 1 reorder and quantize, or write, rows of floats"),
        ("bias", 4, 1, "product or norm: add the bias row to every row"),
        ("accumulate", 5, 1, "product: add what D holds; D is binary32"),
        ("keep_b", 6, 1, "product: B stays on chip while A is read again and again, not the reverse"),
        ("permute", 7, 1, "reorder: the permutation lies at B's address; without it the order stays"),
        ("function", 8, 4, f"product: of each result, after the bias and before the gate: {functions}"),
        (
            "gate",
            12,
            1,
            "product or norm: multiply every row by the gate row; in a product after the function and before"
            " accumulate, in a norm before the bias",
        ),
        ("divide", 13, 1, "reorder: A's rows have one element more, by which the others are divided"),
        (
            "norm",
            14,
            2,
            f"reorder: of each row, alone without divide: {norms}, 2^(x - maximum of the row), which takes no"
            " bias and no gate",
        ),
        ("scale", 16, 1, "product: multiply every row by the scale row, before the bias"),
        (
            "gate_by_row",
            17,
            1,
            "product with gate: the gate is a column instead, with an element for each row of D",
        ),
    )
    code = ", ".join(f"{f.value} {f.name if f.block_format else f.name.lower()}" for f in MemoryFormat)
    operands, floats, results, quantized = map(
        _one_of, (OPERAND_FORMATS, REORDER_FORMATS, RESULT_FORMATS, QUANTIZED_FORMATS)
    )
    mixable = " or ".join(fmt.name for fmt in MIXABLE_FORMATS)
    yield word(
        "FORMATS",
        f"format of each matrix: {code}",
        ("a_format", 0, 4, f"of A; product: {operands}, reorder: {floats}"),
        ("b_format", 4, 4, f"of B, {operands}; reorder: 0"),
        ("d_format", 8, 4, f"of D; product: {results}, reorder without function lanes: {quantized}"),
    )
    yield word("M", "rows of A and D", ("m", 0, 32, "1 to 1,048,575"))
    yield word("N", "rows of B, columns of D", ("n", 0, 32, "1 to 1,048,575"))
    yield word("K", "columns of A and B", ("k", 0, 32, "1 to 1,048,575; reorder: 0"))
    for name in "ABD":
        axis = "N" if name == "D" else "K"
        yield word(
            f"{name}_MX9_BLOCKS",
            f"blocks along {axis} at the start of {name}'s rows that are MX9",
            (f"{name.lower()}_mx9_blocks", 0, 16, f"with format {mixable}; otherwise 0"),
        )
    vectors = "the scale row, the bias row and the gate, those there are, one right behind the other"
    places = {"A": "A", "B": "B, or of the permutation", "D": "D", "BIAS": vectors}
    for name, what in places.items():
        yield word(f"{name}_ADDRESS_LOW", f"address of {what}, bits 31:0")
        yield word(f"{name}_ADDRESS_HIGH", f"address of {what}, bits 63:32")
    for name in "ABD":
        yield word(
            f"{name}_PITCH",
            f"bytes from a row of {name} to the next",
            (f"{name.lower()}_pitch", 0, 32, "no less than the bytes of a row"),
        )
    yield word(
        "EPSILON",
        "what is added to the variance of a norm's rows; 0 without one, and for exponentials",
        ("epsilon", 0, 32, "binary32 of epsilon * N**2, not negative, finite"),
    )


PARAMETER_REGISTERS = ("ARRAY", "BUFFERS", "PORT", "REORDER", "FUNCTIONS")
"""Registers that say what an engine was built with: their fields are those of `EngineParameters`."""

CONTROL_REGISTERS = tuple(_control())
"""Parameters, control and status."""

COUNTER_REGISTERS = tuple(map(_words(COUNTER_BASE, Access.READ), COUNTERS, COUNTERS.values()))
"""Performance counters."""

DESCRIPTOR_REGISTERS = tuple(_descriptor())
"""The staged descriptor, word by word."""

REGISTERS: Mapping[str, Register] = {
    register.name: register for register in (*CONTROL_REGISTERS, *COUNTER_REGISTERS, *DESCRIPTOR_REGISTERS)
}
"""Every register by name, offsets ascending."""
