"""From jobs to blocks on chip.

In: jobs, beats of memory. Through: commands to read rows, windows of beats. Out: blocks in the banks of the
operand buffers.

``operand_fetch``, ``operand_reader``, ``operand_walker``: what to read, and when (``chunk_counter``,
``slot_pointer``). ``unpacker``, of ``block_finder`` and ``block_extractor`` with ``block_pattern``: beats to
blocks. ``operand_buffer``: many blocks of a row in, one block of every row out.
"""
