"""From registers to checked jobs.

In: AXI4-Lite accesses, events of the engine. Through: descriptors. Out: jobs, interrupts, counters.

``control``: the registers; ``counters``: what they count. ``descriptor``, ``descriptor_check`` (with
``region``): descriptors and whether they can be carried out. ``job_planner``: how the buffers are divided.
``job``: what a descriptor has become. ``supervisor``: which job runs when, errors and resets.
"""
