"""Which layer, channel block and operand of a head is in which format.

``plan``: a plan, of formats that ``check_format`` allows; ``head_formats``: those of a head's q, k, p and v.
``array_passes``: what products cost in formats.
``timestep_plan``: plans for ranges of timesteps. ``plan_file``: plans as JSON.
"""
