"""Quantized layers, and models made of them."""
