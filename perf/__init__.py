"""Measurements: speed, area, and the designs that figures are compared with."""
