"""The one exception of the lab."""


class LabError(Exception):
    """The lab could not do what it was asked to; the text says what, and what to do next."""
