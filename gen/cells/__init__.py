"""Simulation models of the FPGA cells that exported designs place, a file each.

``models``: their text, for the cells of a design. Lattice ECP5: ``CCU2C.v``, ``DP16KD.v``, ``L6MUX21.v``,
``LUT4.v``, ``PFUMX.v``. AMD: ``CARRY4.v``, ``CARRY8.v``, ``DSP48E2.v``, ``LUT6_2.v``.
"""
