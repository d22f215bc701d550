"""What changes along the denoising.

``timesteps``: the timestep that a model is called with. ``timestep_switch``: layers that change with it.
"""
