"""Which layer, channel block and head is in which format.

``plan``: a plan. ``timestep_plan``: plans for ranges of timesteps. ``plan_file``: plans as JSON.
"""
