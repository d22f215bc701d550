"""Proofs: what holds for every input, or in every cycle after a reset, of the Verilog as it is exported.

``claims``: all of them, a file for each unit. ``prover``: what they are stated in, and how they are proven.
``jobs`` and ``table``: running them, and what ``make prove`` prints.
"""
