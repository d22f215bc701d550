"""Streams: what carries data from unit to unit, and holds it while the receiver stalls.

In: a sender's transfers.
Through: registers, memories.
Out: the same transfers, in order, none lost.

``packet``: the payload of a stream of packets. ``axi_stream``: such streams as AXI4-Stream ports.
``skid_buffer``, ``queue``, ``block_queue`` (with ``ring_reader``): what waits in registers, in distributed
and in block memory. ``memory_read``: streams out of block memories. ``arbiter``: many streams into one.
``pipeline``, ``free_pipeline``: the registers of units with stages, which stop or never stop; ``stages``:
what both offer, ``free_stages``: those that never stop, alone, ``named_stages``: those of one of several
parts.
"""
