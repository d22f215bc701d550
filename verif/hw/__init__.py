"""Tests of the hardware, on exported Verilog."""
