"""Memory over AXI4.

In: commands to read, lines to write. Out: beats, in order; acknowledgements; errors.

``signatures``: the ports. ``read_master``, ``write_master``: bursts. ``line``: the pieces in which results
are written. ``fragment_reader``: reads of up to 64 bytes from any address, aligned.
"""
