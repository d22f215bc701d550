"""Tests of the GEMM engine and its parts."""
