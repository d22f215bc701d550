"""Tests of the engine in systems made by LiteX."""
