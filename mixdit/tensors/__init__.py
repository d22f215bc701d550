"""Blocks in PyTorch: quantization and products, fast or with the bits of the hardware.

``block_tensor``: block tensors. ``quantize``: floats to blocks and back; ``native`` and
``fake_quantize.cpp``: in one pass.
``dynamic``: formats chosen at run time.
``matmul``: exact products; of ``operand`` and ``rounding``. ``exact_product``: as an operator. ``product``:
how a layer multiplies; ``autocast`` has no say in it.
``functions``: functions between products, with the bits of the hardware.
"""
