"""What a user imports: the engine's driver, its simulation, and diffusion transformers in mixed precision.

Without torch: ``driver``: the host's side of the engine. ``sim``: the hardware, compiled. ``litex``: the
engine in a system made by LiteX. ``demo``: what ``mixdit demo`` runs (and ``mixdit sample``, with torch).

With torch, each built from those before it: ``tensors``: blocks, quantization and products, fast or with
the hardware's bits. ``plan``: which layer, channel block and operand of a head is in which format.
``timesteps``: plans that change along the denoising. ``layers``: quantized layers and models.
``rounding``: weights rounded for their error. ``calibration``: plans from a model's activations.
``digits``: a model that trains in minutes. ``rivals``: other quantizers. ``tasks``: calls in other
processes, of this machine or a cluster. ``quality``: how samples compare.
``compare``: all of that for a model of yours. ``search``: plans by quality and time. ``compiler``:
transformer blocks as jobs for the engine (a compiled one runs without).

``require``: says that a package is missing. ``save_tensors``: writes safetensors whole. ``json_values``:
checks what JSON says. ``state``: what goes into a model's state.
"""
