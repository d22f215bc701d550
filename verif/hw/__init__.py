"""The hardware against golden, a folder for each of hw/'s."""
