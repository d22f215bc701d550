"""From jobs to blocks on chip.

In: jobs, beats of memory, slots set free.
Through: commands to read rows, windows of beats.
Out: passes of every row, in the operand buffers.

``operand_fetch``: what to read next; of two ``operand_reader``, whose rows an ``operand_walker`` finds and
whose slots a ``slot_pointer``. ``chunk_counter``: chunks of K.
``unpacker``: beats to blocks; of ``block_finder``: where they start, by a ``block_pattern``, and
``block_extractor``: their bits; ``row_reference``: the largest exponent of each row.
``operand_buffer``: many blocks of a row in, a pass of every row out.
"""
