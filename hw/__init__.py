"""The hardware, in Amaranth. Widths and constants come from ``golden``.

Each folder is a stage of the flow, built from those before it:

``target``: what a design can be built for, and every primitive that has a vendor form.
``stream``: streams, queues and pipelines; AXI4-Stream ports.
``axi``: memory over AXI4.
``block``: packed blocks, and the units that make, read and convert them.
``array``: the systolic array, from streams of blocks to streams of rows.
``gemm``: the engine around arrays, from matrices in memory to matrices in memory.

``shared_module``: one Verilog module for many instances.
"""
