"""How much faster than an RTX 3090 engines run published networks, from the cycle model.

``builds``: engines, and what stands behind their clocks. ``mixes``: formats of a network's layers.
``blocks``: programs of published networks' blocks. ``shares``: what one of several engines does of them.
``step_time``: cycles of a step. ``comparison``: all of it beside the baselines of an RTX 3090.
``tables``: as Markdown. ``published``: counters that docs/performance.md was made from.
``__main__``: the command.
"""
