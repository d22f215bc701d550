"""What a design can be built for, and every primitive that has a vendor form.

In: bits.
Through: registers, cells, memories.
Out: the same bits for every target.

``targets``: the targets, each with its form of every primitive.
``carry_sum``: the adders of elements; ``carry_op``: what they add. ``multiply_add``: the multipliers.
``multiplexer``: wide choices. ``block_memory``: memories.
The forms are in ``generic``, the behavioural twins, and for each vendor's cells in ``ecp5`` and ``xilinx``.
``delay``: delays.
``or_tree``: one word of many, in registers.
"""
