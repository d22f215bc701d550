"""Netlists after synthesis, simulated against golden.

``models``: simulation models of the FPGA families' cells.
``netlist``: a component as the netlist that synthesis makes of it, for the benches of the RTL.
``element_bench``: the processing element's bench, for RTL and netlists alike.
"""
