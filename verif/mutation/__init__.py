"""Mutants of the hardware: one changed operator, constant, condition or assignment each, and who notices.

``site``: a place to change and how. ``find``: all of a module. ``rewrite``: source in which chosen ones can
be switched on. ``runtime``: what that source calls. ``imports``: modules of ``hw`` rewritten as they are
imported. ``verilog``: the switch in exported Verilog. ``units``: modules, and the tests that claim them.
``campaign``: mutants run one by one. ``survivors``: those that may survive, and why. ``__main__``:
``python -m verif.mutation``.
"""
