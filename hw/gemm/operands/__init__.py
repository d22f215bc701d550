"""From jobs to blocks on chip.

In: jobs, beats of memory, slots set free.
Through: commands to read rows, windows of beats.
Out: blocks in the operand buffers, a block of every row at a time.

``operand_fetch``: what to read next; of two ``operand_reader``, whose rows an ``operand_walker`` finds and
whose slots a ``slot_pointer``. ``chunk_counter``: chunks of K.
``unpacker``: beats to blocks; of ``block_finder``: where they start, by a ``block_pattern``, and
``block_extractor``: their bits.
``operand_buffer``: many blocks of a row in, one block of every row out.
"""
