"""MixDiT's calibration (arXiv 2504.08398): which channels and heads of a model need precision.

``settings``: budgets and rules.
``recorder``: watches passes of the model; ``stray_attention``: for attention that it cannot. ``statistics``:
what it saw; ``statistics_file``: the same in a file.
``sensitivity``: what matters to the model's output. ``passes``: what pipelines call a model with.
``candidates``: what a block of channels would gain; ``head_candidates``: what heads and their operands
would. ``budget``: which are worth it.
``latency``: what layers take of the array, or another of the ``costs``; ``piece``, ``choice``,
``within_latency``: what that time is best spent on. ``estimate``: what a plan's error is, about.
``planning``: from statistics to a plan, for each ``timestep_part``; ``linear_plans``: of linear layers;
``plans_within_latency``: under a limit on time. ``exchange``: better company for channels.
``calibrate``: all in one call. ``command``: ``mixdit calibrate``, as a ``job`` on ``pipelines`` of
diffusers, with ``options`` that other commands share. ``run_job``: the job; ``job_models``: its models with
balanced channels and rounded weights, by ``drawn_passes``; ``preview``, ``layer_table``: what people see.
"""
