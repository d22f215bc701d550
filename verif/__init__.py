"""Verification of the hardware against golden."""
