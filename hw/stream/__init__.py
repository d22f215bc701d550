"""Streams: what carries data from unit to unit, and holds it while the receiver stalls.

In: a sender's transfers.
Through: registers, memories.
Out: the same transfers, in order, none lost.

``packet``: the payload of a stream of packets. ``axi_stream``: such streams as AXI4-Stream ports.
``skid_buffer``: a register for both directions. ``block_fifo``: a queue in block memory, read by
``ring_reader``.
``pipeline``, ``free_pipeline``: the registers of units with stages, which stop or never stop; ``stages``:
what both offer.
"""
