"""Reads and unpacking against golden's blocks."""
