"""The baselines and peers against golden, and published figures against reports."""
