"""The AXI masters against memories that stall, refuse and answer late."""
