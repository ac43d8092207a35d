"""Images and classes: what goes into a network, as numpy arrays."""
