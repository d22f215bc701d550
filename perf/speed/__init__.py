"""Speed of the model, of the simulation and of the PyTorch layers, and how busy arrays are."""
