"""Other quantizers of diffusion transformers, to compare with."""
