"""Synthesis with open tools: how large and how fast a design is on an FPGA.

``subjects``: what can be synthesized, and how many multiply-accumulates a cycle it does.
``tools``: calling Yosys and nextpnr, which come as Python packages.
``store``: results kept by content, so that no run is made twice.
``families``: the FPGA families, their Yosys commands and how their cells are counted.
``synthesis``: the step through Yosys; ``placement``: the one through nextpnr.
``trim``: the netlist step between the two.
``flow``: runs of all of it, several at a time; ``result``: what they found.
``command``: ``mixdit synth``.
"""
