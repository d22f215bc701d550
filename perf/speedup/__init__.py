"""How much faster than an RTX 3090 engines run published networks, from the cycle model.

``builds``: engines, and what stands behind their clocks. ``mixes``: formats of a network's layers.
``blocks``: programs of published networks' blocks. ``shares``: what one of several engines does of them;
``work``: how much that is; ``vector_unit``: what it is without functions in the engines.
``program_counters``: of a program, and of one job; ``step_time``: cycles of a step. ``comparison``: all of
it beside the baselines of an RTX 3090.
``published``: what was counted for docs/performance.md, kept in ``counters``.

``ablations``: what one change at a time does, kept in a file of that name, with ``ablation_tables``;
``row_conversion``: one of the changes. ``area``: of elements. ``waterfall``: where the cycles go;
``goals``: where they were to go. ``quality``: what the formats do to images of other networks.

``tables``, each a ``table``. ``charts``, ``roofline``: pictures, of what ``svg`` draws. ``page``: all as one
file of HTML; ``document``: in docs/performance.md. ``command``, which ``__main__`` runs: ``mixdit speedup``.
"""
