"""The hardware, in Amaranth. Widths, constants and the register table come from ``golden``.

A folder is a stage, built from those before it::

    target <- stream <- axi <- block <- array <- gemm
                               block <- functions

    gemm:  geometry <- jobs <- operands <- tiles <- results <- reorder <- datapath <- engine

``target``: what a design can be built for, and every primitive that has a vendor form.
``stream``: streams, what holds them while a receiver stalls, and their AXI4-Stream ports.
``axi``: memory over AXI4.
``block``: packed blocks, and the units that make, read and convert them.
``functions``: what a transformer block computes besides products.
``array``: the systolic array, from streams of blocks to streams of rows.
``gemm``: the engine around arrays, from matrices in memory to matrices in memory.

``shared_module``: one Verilog module for many instances.
"""
