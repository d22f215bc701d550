"""Tests of everything, a folder for each package, and what only tests use. Nothing imports it.

``golden``, ``hw``, ``gen``, ``mixdit``, ``perf``: tests of these packages. ``netlist``: netlists after
synthesis.

``runner``: runs cocotb benches on exported Verilog. ``streams``: drivers, monitors and scoreboards.
``coverage``: bins that benches must hit, and counts of compared outputs. ``lint``: static checks of
exported Verilog. ``package_bench``: the bench of a package in simulators. ``tools``: every tool on every
design. ``sweep``: designs with any legal parameters. ``call``: calling tools.
``test_benches``: the benches' own tests, with ``passthrough_bench`` on ``passthrough``.
"""
