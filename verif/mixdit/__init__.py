"""The driver, the demo and the PyTorch code against golden."""
