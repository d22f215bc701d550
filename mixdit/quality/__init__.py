"""How the samples of a quantized model compare with those of the original."""
