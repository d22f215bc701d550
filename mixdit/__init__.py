"""What a user imports: the engine's driver, its simulation, and diffusion transformers in mixed precision.

``driver``: the host's side of the engine. ``sim``: the hardware, compiled. ``demo``: what `mixdit demo` and
`mixdit sample` run. None of these needs torch.

The rest does: ``tensors``: blocks, quantization and products, fast or with the hardware's bits. ``plan``:
which layer, channel block and head is in which format. ``timesteps``: plans that change along the denoising.
``layers``: quantized layers and models. ``calibration``: plans from a model's activations. ``digits``,
``rivals``, ``quality``: a model that trains in minutes, other quantizers, and how samples compare.
"""
