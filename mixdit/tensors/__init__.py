"""Blocks in PyTorch: quantization and products, fast or with the bits of the hardware."""
