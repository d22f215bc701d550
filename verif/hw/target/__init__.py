"""Primitives against their definitions."""
