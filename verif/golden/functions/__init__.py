"""Functions of a transformer block against their definitions, every argument."""
