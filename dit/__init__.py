"""Diffusion transformers in mixed MX6/MX9 precision: quantization, calibration, rivals, quality.

``quantize``, ``block_tensor``: floating point to blocks and back, as `golden` does it.
``matmul`` (with ``operand`` and ``rounding``), ``product``: products, fast or with the hardware's bits.
``linear``, ``attention``, ``dynamic``: quantized layers.
``plan``, ``plan_file``: which layer, channel block and head is in which format.
``quantize_model``, ``attention_sites``: a quantized copy of a model.
``calibration``: plans from a model's activations.
``packed``: quantized weights as the hardware reads them.
``digits``, ``rivals``, ``quality``: a model that trains in minutes, other quantizers, and how
samples compare.
"""
