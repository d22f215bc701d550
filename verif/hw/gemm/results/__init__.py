"""Accumulation, formats and lines against golden's bytes."""
