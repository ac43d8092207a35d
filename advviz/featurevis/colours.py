"""How the colours of natural images go together; numbers alone, so that no page loads torch."""

# Square root of the colour covariance of natural images (Olah et al., "Feature
# Visualization", Distill 2017, doi:10.23915/distill.00007), scaled to a largest column norm of 1.
COLOUR_CORRELATION = (
    (0.5628, 0.1948, 0.0433),
    (0.5845, 0.0000, -0.1082),
    (0.5845, -0.1948, 0.0649),
)
