"""Tests of the golden model against scalar references, exact fractions and its own properties."""
