"""Other quantizers of diffusion transformers, to compare with.

``variants``: all of them by name. ``layers``: what each of them replaces.
``plain``: integers without further method. ``uniform``: one block format for everything.
``htg``, ``viditq``, ``viditq_mp``, ``qdit``: those of papers. Their parts: ``integer``: rounding;
``static_scale``, ``static_range``: what calibration fixed; ``statistics``: ranges; ``timestep_groups``,
``grouped_bias``, ``layer_switch``: what changes with the timestep; ``noise_error``: what searches minimize.
"""
