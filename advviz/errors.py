"""Errors that a user may read: one sentence saying what, expected, got, and what to do."""


class AdvvizError(Exception):
    """Base of every error whose message may be shown to a user as it stands."""


class InvalidInputError(AdvvizError, ValueError):
    """A value from outside (a parameter, an image, a link) that cannot be used."""


class UnknownNameError(InvalidInputError):
    """A model, class, layer, image or method that is not in its catalogue."""


class WeightsError(AdvvizError):
    """A weights file that is missing, damaged, or does not fit its architecture."""


class CancelledError(AdvvizError):
    """The work was stopped before it had a result."""


class OutOfMemoryError(AdvvizError):
    """Memory does not suffice, even for the smallest piece of the work."""
