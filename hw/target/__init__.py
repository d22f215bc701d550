"""What a design can be built for, and every primitive that has a vendor form.

In: bits. Out: the same bits for every target. ``targets`` has the targets, each with its form of every
primitive: ``carry_sum``, all adders of the array (``carry_op``: what they add); ``multiply_add``, all
multipliers; ``multiplexer``, wide choices; ``block_memory``. The forms are in ``generic``, the behavioural
twins, and for each vendor's cells in ``ecp5`` and ``xilinx``.

``delay`` and ``memory_delay`` are delays in registers and in a block memory.
"""
