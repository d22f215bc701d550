"""Tests of ``mixdit synth`` itself."""
