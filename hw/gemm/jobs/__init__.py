"""From registers to checked jobs.

In: AXI4-Lite accesses; errors of the bus, and what the engine does in each cycle.
Through: descriptors.
Out: jobs, the interrupt, the order to stop or clear.

``control``: the registers. ``counters``: how cycles were spent.
``descriptor``: a job as software asks for it. ``list_fetch``: those of lists in memory.
``descriptor_check``: whether it can be carried out; of
``region``: the memory that a matrix takes, ``job_regions``: which of them meet, and ``job_planner``: how the
operand buffers are divided.
``job``: what a good descriptor becomes. ``supervisor``: which job runs when, errors and resets.
``job_order``: jobs that end in any order, reported in that of their starts.
"""
