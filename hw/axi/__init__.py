"""Memory over AXI4.

In: commands to read, lines to write.
Through: bursts within pages of 4 KiB.
Out: beats in the order of the commands; acknowledgements; errors.

``signatures``: the ports. ``read_master``, ``write_master``: bursts. ``line``: the pieces in which results
are written, ``line_count``: how many are on their way. ``fragment_reader``: reads of up to 64 bytes from any
address, aligned.
"""
