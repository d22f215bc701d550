"""How the samples of a quantized model compare with those of the original.

``command``: ``mixdit quality``. ``experiment``: the set-up, the same for all. ``evaluate``: many variants
in parallel, by `mixdit.tasks`.
``similarity``, ``frechet``, ``mx9_share``, ``pass_count``, ``memory``: what is measured; ``watched``:
calls of layers that are counted. ``bootstrap``: how much of it is chance.
``judge``: the classifier that names what samples show, and real images to compare them with.
``standard_scores``: FID and others with their real networks; ``clip``: that of the CLIP score.
``score``: a figure with its resamples. ``row``: a line of the table. ``result``: all of a variant.
``report``: the table. ``choice``: the plan that calibration noise would have chosen.
``claim``: kinds of claims. ``claims``: those that must hold, with their margins. ``checks``: whether they do.
``plots``: all pictures: ``plot_samples``, ``plot_errors``, ``plot_activations``, ``plot_pareto``, each a
``figure``.
"""
