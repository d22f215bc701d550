"""What claims are stated in, and how they are proven.

``bench``: a unit with free inputs, and what is claimed of it. ``transition_system``: registers and their
next values, from Yosys. ``unrolling``: these as terms of the solver, cycle by cycle. ``methods``: what a
proof takes: every input, any state, induction. ``mutation``: edits of the hardware's source that a claim must
notice. ``names``: such edits as give registers names. ``claim``: a claim, its method, its mutants.
``handshake``, ``numbers``, ``ring``: what several of these state alike.
"""
