"""Proofs: what holds for every input, or in every cycle after a reset, of the Verilog as it is exported.

``bench``: a unit with free inputs, and what is claimed of it. ``transition_system``: registers and their
next values, from Yosys. ``unrolling``: these as terms of the solver, cycle by cycle. ``methods``: what a
proof takes: every input, any state, induction. ``mutation``: edits of the hardware's source that a claim must
notice. ``claim``: a claim, its method, its mutants; ``claims``: all of them, a file for each unit.
``handshake``, ``numbers``: what several of these state alike. ``jobs`` and ``table``: running them, and what
``make prove`` prints.
"""
