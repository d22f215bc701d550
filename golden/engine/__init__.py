"""The GEMM engine as software sees it: what it reads, writes and answers.

``parameters``: what an engine was built with. ``function_lanes``: how many lanes of functions by default.
``registers``: the register table, from which hardware, driver, C header and documentation are made.
``descriptor``: a job, as words in registers.
``memory_format``: how the rows of a matrix lie in memory. ``matrix``: tensors as such rows.
``check``: which descriptors are refused. ``errors``: why an engine stops.
``job``: what a job makes of memory. ``function``: what it makes of each result. ``norm``: of each row.
``command_list``: jobs in memory, which the engine fetches.
``reuse``: how much of the stationary operand stays on chip.
"""

from golden.engine.check import Region, check, regions, vector_lengths
from golden.engine.command_list import (
    ENTRY_BYTES,
    ENTRY_WORDS,
    NEXT_WORD,
    Entry,
    ListResult,
    decode_list,
    encode_list,
    run_list,
)
from golden.engine.descriptor import DESCRIPTOR_WORDS, DIMENSION_LIMIT, Descriptor, Operation
from golden.engine.errors import ErrorCode
from golden.engine.function import Function
from golden.engine.function_lanes import usual_function_lanes
from golden.engine.job import JobResult, encode, quantize_rows, run, run_job
from golden.engine.matrix import describe, floats_from_rows, floats_to_rows, from_rows, to_rows
from golden.engine.memory_format import (
    FLOAT_BYTES,
    FLOAT_FORMATS,
    HALF_BLOCK_BYTES,
    INDEX_BYTES,
    MIXABLE_FORMATS,
    OPERAND_FORMATS,
    QUANTIZED_FORMATS,
    REORDER_FORMATS,
    RESULT_FORMATS,
    MemoryFormat,
    row_bytes,
)
from golden.engine.norm import EPSILON_LIMIT, LONGEST_ROW, Norm
from golden.engine.parameters import EngineParameters
from golden.engine.registers import (
    ADDRESS_SPACE_BITS,
    CONTROL_REGISTERS,
    COUNTER_REGISTERS,
    COUNTERS,
    DESCRIPTOR_BASE,
    DESCRIPTOR_REGISTERS,
    IDENTIFIER,
    PARAMETER_REGISTERS,
    PASSES,
    REGISTERS,
    STALLS,
    VERSION,
    Access,
    Field,
    Register,
)
from golden.engine.reuse import MOST_SPLIT, least_group, stationary_group

__all__ = [
    "ADDRESS_SPACE_BITS",
    "CONTROL_REGISTERS",
    "COUNTERS",
    "COUNTER_REGISTERS",
    "DESCRIPTOR_BASE",
    "DESCRIPTOR_REGISTERS",
    "DESCRIPTOR_WORDS",
    "DIMENSION_LIMIT",
    "ENTRY_BYTES",
    "ENTRY_WORDS",
    "EPSILON_LIMIT",
    "FLOAT_BYTES",
    "FLOAT_FORMATS",
    "HALF_BLOCK_BYTES",
    "IDENTIFIER",
    "INDEX_BYTES",
    "LONGEST_ROW",
    "MIXABLE_FORMATS",
    "MOST_SPLIT",
    "NEXT_WORD",
    "OPERAND_FORMATS",
    "PARAMETER_REGISTERS",
    "PASSES",
    "QUANTIZED_FORMATS",
    "REGISTERS",
    "REORDER_FORMATS",
    "RESULT_FORMATS",
    "STALLS",
    "VERSION",
    "Access",
    "Descriptor",
    "EngineParameters",
    "Entry",
    "ErrorCode",
    "Field",
    "Function",
    "JobResult",
    "ListResult",
    "MemoryFormat",
    "Norm",
    "Operation",
    "Region",
    "Register",
    "check",
    "decode_list",
    "describe",
    "encode",
    "encode_list",
    "floats_from_rows",
    "floats_to_rows",
    "from_rows",
    "least_group",
    "quantize_rows",
    "regions",
    "row_bytes",
    "run",
    "run_job",
    "run_list",
    "stationary_group",
    "to_rows",
    "usual_function_lanes",
    "vector_lengths",
]
