"""What synthesis may assume of the memories."""

__all__ = ["NO_COLLISIONS"]

NO_COLLISIONS = {"no_rw_check": 1}
"""Attributes of a memory whose users never need what they read where it is being written.

Without, Yosys keeps to the simulated value, the old one, at a cost of a comparator, a register and
a multiplexer around every block memory that does not do so itself.
"""
