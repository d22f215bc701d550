"""Streams: what carries data from unit to unit, and holds it while the receiver stalls.

``packet``: the payload of a stream of packets. ``axi_stream``: such streams as AXI4-Stream ports.
``skid_buffer``, ``block_fifo`` (with ``ring_reader``): registers and queues.
``pipeline``, ``free_pipeline``: the registers of units with stages (``stages``).
"""
