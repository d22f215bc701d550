"""How many cycles a job takes on an engine, without its data."""
