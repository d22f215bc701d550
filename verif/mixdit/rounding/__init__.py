"""Rounding of weights for their error."""
