"""Variants of the user's own model side by side: ``mixdit compare``.

``comparison``: what is compared, with what noise. ``sampling``: a pipeline's run, step by step.
``subject``: the model and its variants in a process. ``tasks``: what processes do, image by image.
``results``: files of what is done. ``run``: all of it, by `mixdit.tasks`; ``time_left``: until then.
``rows``, ``picture_scores``, ``extractor``, ``perceptual``: figures. ``report``: the table.
``command``: the command line.
"""
