"""What is measured of the shipped models, and how fast it runs."""
