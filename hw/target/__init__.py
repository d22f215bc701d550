"""What a design can be built for, and every primitive that has a vendor form.

In: bits. Out: the same bits for every target. ``targets`` names the choices. ``carry_sum`` has all adders of
the array and ``multiply_add`` all multipliers, each a behavioural twin with forms in cells:
``carry_chain_ecp5``, ``carry_chain_xilinx``, ``dsp48e2``. ``multiplexer``, ``block_memory``, ``memory_delay``
and ``delay`` are wide choices, memories and delays.
"""
