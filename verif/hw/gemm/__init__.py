"""The engine against golden: every byte of memory, faults, resets. A folder for each of its stages."""
