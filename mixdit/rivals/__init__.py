"""Other quantizers of diffusion transformers, to compare with.

``variants``: all of them by name. ``calibration``: what they are made from, a model at work.
``layers``: what each of them replaces. ``watch``: layers seen at work.
``plain``: integers without further method. ``uniform``: one block format for everything.
``htg``, ``viditq``, ``viditq_mp``, ``qdit``: those of papers. Their parts: ``integer``: rounding;
``compensated_integers``, ``integer_grid``: that of weights for their error;
``static_scale``, ``static_range``: what calibration fixed; ``statistics``: ranges; ``timestep_groups``,
``layer_switch``: what changes with the timestep; ``neighbours``, ``shifted_linear``, ``shifted_values``: what
shifts channels; ``noise_error``: what searches minimize.
"""
