"""Descriptors, checks and plans against golden's."""
