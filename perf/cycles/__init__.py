"""How many cycles jobs take on an engine, and what each performance counter shows, without their data.

``port``: an engine behind the driver's port that keeps time and computes nothing. ``library``: the model in
C++ below it, in ``model``, a file for each unit of the hardware; ``sizes``: what it is told of an engine, as
the hardware's modules state it; ``jobs``: of a descriptor. ``price``: what a product costs, for searches;
``changes``: of an engine.

``validate``, which ``__main__`` runs: the model beside the simulated hardware; ``cases``: the engines and
random jobs for that.
"""
