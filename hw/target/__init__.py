"""What a design can be built for, and every primitive that has a vendor form.

In: bits.
Through: registers, cells, memories.
Out: the same bits for every target.

``targets``: the choices.
``carry_sum``: the adder of elements; in cells: ``carry_chain_ecp5``, ``carry_chain_xilinx``.
``multiply_add``: the multiplier of elements that have one; in cells: ``dsp48e2``.
``multiplexer``: wide choices. ``block_memory``: memories. ``delay``, ``memory_delay``: delays, in registers
and in memory.
"""
