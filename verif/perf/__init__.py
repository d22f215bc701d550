"""The baselines against golden, and published figures against reports."""
