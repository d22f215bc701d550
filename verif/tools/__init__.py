"""Every tool on every design, as users run them: ``python -m verif.tools`` prints the table.

``designs``: two exports of each design, and systems of both.
``programs``: the tools under their own names. ``checks``: what is run.
"""
