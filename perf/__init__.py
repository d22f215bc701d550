"""Measurements.

``speed``: of the model, the simulation and the PyTorch layers, and how busy arrays are.
``ppa``: size and speed of designs on FPGAs. ``baselines``: designs that figures are compared with.
``accuracy``: errors of the functions between products.
``cycles``: how many cycles jobs take on an engine, without their data.
``explore``: which engines are the best, by cycles and size.
``workloads``: what whole networks do. ``rtx3090``: how long a GPU takes for them; ``speedup``: and engines.
``quality``: figures of image quality that were published.
"""
