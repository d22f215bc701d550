"""What fails."""

__all__ = ["LostTaskError", "TaskError"]


class TaskError(OSError):
    """Tasks cannot be run; the message says why in one line."""


class LostTaskError(TaskError):
    """Processes end again and again while they run a task."""
