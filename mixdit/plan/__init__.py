"""Which layer, channel block and head is in which format."""
