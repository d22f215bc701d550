"""Queues against lists."""
