"""Inputs that no one should send, to everything that reads: ``python -m verif.hostile --help``.

``inputs``: how they are made, always the same ones from a seed. ``targets``: what reads them, a file for each
kind. ``judge``: what became of one input. ``worker``: many of them, in a process with little memory.
``campaign``: all of them, with an eye on processes that hang or end. ``tally``, ``findings``: counts, and the
inputs that showed a fault. ``__main__``: the command.
"""
