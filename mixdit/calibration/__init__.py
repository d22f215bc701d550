"""MixDiT's calibration (arXiv 2504.08398): which channels and heads of a model need precision.

``settings``: budgets and rules.
``recorder``: watches passes of the model; ``stray_attention``: for attention that it cannot. ``statistics``:
what it saw; ``statistics_file``: the same in a file.
``sensitivity``: what matters to the model's output. ``passes``: what pipelines call a model with.
``candidates``: what a block of channels would gain. ``budget``: which are worth it. ``planning``: from
statistics to a plan. ``exchange``: better company for channels.
``calibrate``: all in one call. ``command``: ``mixdit calibrate``, as a ``job`` on ``pipelines`` of
diffusers.
"""
