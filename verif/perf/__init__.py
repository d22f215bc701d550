"""The designs in ``bench/baselines`` against the golden model."""
