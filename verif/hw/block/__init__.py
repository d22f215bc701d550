"""Quantizer, dequantizer and converter against golden."""
