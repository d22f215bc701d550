"""Tests of the export and of the ``mixdit`` command."""
