"""Simulation models of the FPGA cells that exported designs place, a file each.

``models``: their text, for the cells of a design.
"""
