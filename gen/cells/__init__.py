"""Simulation models of the FPGA cells that exported designs place, and ``models``: their text for a design.

ECP5: ``LUT4.v``, ``PFUMX.v``, ``CCU2C.v``, ``DP16KD.v``.
AMD: ``LUT6_2.v``, ``CARRY4.v``, ``CARRY8.v``, ``DSP48E2.v``.
"""
