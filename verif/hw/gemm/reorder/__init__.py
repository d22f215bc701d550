"""Reorder jobs against golden's."""
