"""Tests of the host driver."""
