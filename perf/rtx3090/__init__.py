"""How long an RTX 3090 takes for published networks: bounds, software, integer methods.

Every figure is measured (M), calculated (C) or assumed (A). Workloads go in, seconds come out.

``sources``: published figures, each with where it stands, of the file of that name.
``kernels``: what software makes of a workload. ``time_model``: how long kernels take.
``calibration``: the efficiencies, fitted to measurements and checked on others.
``baselines``: networks by baseline. ``tables``: all of it as Markdown. ``__main__``: the command.
"""
