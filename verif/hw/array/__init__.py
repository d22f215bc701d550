"""Verification of the array against golden: a cocotb bench, random campaigns, cycle counts."""
