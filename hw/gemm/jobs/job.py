"""Jobs: what a descriptor has become when it was checked."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from golden.engine import DIMENSION_LIMIT, OPERAND_FORMATS, Function
from golden.engine.registers import REGISTERS
from golden.formats import BLOCK_SIZE
from hw.block.binary32 import BINARY32_BITS
from hw.gemm.geometry import MOST_STRIDE
from hw.gemm.memory_format import MEMORY_FORMAT_BITS

__all__ = [
    "BLOCKS_BITS",
    "DIMENSION_BITS",
    "FUNCTION_BITS",
    "MOST_BESIDE",
    "MX9_BLOCKS_BITS",
    "PITCH_BITS",
    "VECTOR_PITCH_BITS",
    "BlockCode",
    "OperandSide",
    "job_layout",
    "operand_layout",
    "result_job_layout",
]

DIMENSION_BITS = DIMENSION_LIMIT.bit_length()
"""Bits of M, N and K."""

BLOCKS_BITS = (-(-DIMENSION_LIMIT // BLOCK_SIZE)).bit_length()
"""Bits of a number of k-blocks."""

MX9_BLOCKS_BITS = REGISTERS["D_MX9_BLOCKS"]["d_mx9_blocks"].width
"""Bits of a number of leading MX9 blocks, as a descriptor has it."""

VECTOR_PITCH_BITS = DIMENSION_BITS + 2
"""Bits of the bytes of a row of D in binary32."""

FUNCTION_BITS = max(Function).bit_length()
"""Bits of a code of ``golden.engine.Function``."""

PITCH_BITS = 32
"""Bits of a distance between rows in bytes."""


MOST_BESIDE = 2
"""Most jobs under way when a job starts: the results of one and the passes of the next leave its operands
time to be read."""


class OperandSide(enum.Enum, shape=unsigned(1)):
    """Which operand."""

    A = 0
    B = 1


class BlockCode(enum.Enum, shape=range(max(OPERAND_FORMATS) + 1)):
    """The format of an operand's blocks behind its leading MX9 blocks."""

    vars().update({fmt.name: fmt.value for fmt in OPERAND_FORMATS})


def operand_layout(geometry) -> data.StructLayout:
    """A matrix of blocks in memory: ``rows`` rows, their first ``leading`` blocks MX9."""
    return data.StructLayout(
        {
            "address": geometry.address_bits,
            "pitch": PITCH_BITS,
            "rows": DIMENSION_BITS,
            "leading": BLOCKS_BITS,
            "format": BlockCode,
        }
    )


def result_job_layout(address_bits, functions=False) -> data.StructLayout:
    """What does not change while a job runs: fields of its descriptor.

    ``format`` is a code of ``golden.engine.MemoryFormat``, one that D may have. With ``functions`` there are
    ``function``, one of ``golden.engine.Function``, ``scale``, ``gate`` and ``gate_by_row``. The first one of
    scale row, bias row and gate is at ``bias_address``, each other one behind the row before, which has
    ``vector_pitch`` bytes. A norm's rows are shifted by the bias and scaled by the gate.
    """
    of_functions = {"scale": 1, "gate": 1, "gate_by_row": 1, "function": FUNCTION_BITS}
    of_functions["vector_pitch"] = VECTOR_PITCH_BITS
    return data.StructLayout(
        {
            "format": MEMORY_FORMAT_BITS,
            "mx9_blocks": MX9_BLOCKS_BITS,
            "pitch": PITCH_BITS,
            "bias": 1,
            "accumulate": 1,
            "bias_address": address_bits,
            **(of_functions if functions else {}),
        }
    )


def job_layout(geometry) -> data.StructLayout:
    """A product, as the read side and the tile loop need it; or, if ``reorder``, rows to reorder.

    ``keep_b`` makes B the stationary operand, instead of A. ``group`` of its tiles (of B: of 16 columns)
    stay on chip with all of their chunks; unless ``resident``, one tile is read again for each tile
    of the other operand. Buffers are divided into slots of ``k_blocks >> stride`` blocks. ``row_step`` is
    D's pitch times the rows of an array.

    To reorder are ``columns`` floats of each row of A, bfloat16 if ``narrow``, in the order of the indices at
    B's address if ``permute``; each row divided by one float more if ``divide``. If ``norm`` it is
    normalized, with its ``mean`` subtracted or not and with ``epsilon``, and modulated by the rows of
    ``result``; or, if ``exponential`` too, it is 2 to the power of what is left without its maximum.
    """
    of_norms = {"norm": 1, "mean": 1, "exponential": 1, "epsilon": BINARY32_BITS}
    return data.StructLayout(
        {
            "a": operand_layout(geometry),
            "b": operand_layout(geometry),
            "k_blocks": BLOCKS_BITS,
            "keep_b": 1,
            "stride": range(MOST_STRIDE + 1),
            "group": range(geometry.most_group + 1),
            "resident": 1,
            "d_address": geometry.address_bits,
            "row_step": geometry.address_bits,
            "result": result_job_layout(geometry.address_bits, geometry.functions),
            "reorder": 1,
            "columns": DIMENSION_BITS,
            "narrow": 1,
            "permute": 1,
            "divide": 1,
            **(of_norms if geometry.normalizes else {}),
        }
    )
