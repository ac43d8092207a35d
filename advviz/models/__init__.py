"""Models: records, architectures, weights, and the classifier that answers queries."""
