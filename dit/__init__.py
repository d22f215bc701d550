"""Diffusion transformers in mixed MX6/MX9 precision: quantization, calibration, rivals, quality."""
