"""Self-checking benches that come with an export: plain Verilog-2005, with vectors from golden as literals.

``bench``: the one of a design. ``vectors``: beats to send and to expect. ``stream_bench``: the bench of a
design of streams. ``engine_vectors``: memory before and after some jobs. ``engine_bench``: the bench of the
engine, with a memory. ``text``: what both are written with.
"""
