"""Mutants that no test can or need kill, each with the reason."""

__all__ = ["REASONS"]

REASONS: dict[str, str] = {
    'hw.stream.free_pipeline.FreePipeline.__init__: Signal(name="ready", init=1): begins otherwise': (
        "ready a cycle later after a reset, which is no error"
    ),
    'hw.stream.stages.Stages.register: Signal(value.shape(), name=f"{name}_{stage}", init=otherwise, '
    "reset_less=reset_less): begins otherwise": "nothing reads what a stage holds before its first beat",
    "hw.gemm.jobs.job_regions._meet: one.start <= other.last: lt": (
        "they are never equal: the other is what a job writes, which ends with an odd address, and all begin "
        "with even ones"
    ),
    "hw.gemm.operands.operand_fetch.OperandFetch._needed_first: a_begun ^ b_begun: or_": (
        "only the order in which the operands are read changes, where both are within their jobs"
    ),
    "hw.gemm.results.block_fragments.BlockFragments.elaborate: size - most: add": (
        "of blocks that are cut, most is 16: the sum and the difference are the same in the five bits that "
        "the number of bytes has"
    ),
    "hw.gemm.reorder.row_buffer.RowBuffer._arrive: used < self.depth - LATE: le": (
        "the ring holds a block more, for which there is room"
    ),
    "hw.gemm.reorder.largest_exponent.LargestExponent.elaborate: one > other: ge": (
        "of two that are equal either is taken"
    ),
    "hw.gemm.reorder.largest_exponent.LargestExponent.elaborate: values[0] > self.o: ge": (
        "one as large as the largest so far takes its own place"
    ),
    "hw.gemm.results.row_collector.RowCollector._queue_lines: ~emits: not inverted": (
        "the queue of lines has a place for every line that there is room for, so it is always ready"
    ),
    "hw.block.quantizer._larger: a > b: ge": "of two that are equal either is taken",
    "hw.axi.write_master.WriteMaster._send: bus.awprot.eq(PROTECTION): zero": "it is 0",
}
"""By `Site.key`."""
