"""What ``mixdit demo`` and ``mixdit sample`` run.

``command``: the demo. ``network``: a classifier of digits, on the simulated array. ``picture``: what it
saw.
``layer``: a transformer block's linear layers, on the simulated engine; ``transformer``: that block in
NumPy.
``sample``: a digit drawn by a diffusion transformer; ``sample_backend``: its products on the simulated
array.
"""
