"""What training raises on purpose."""

from agecam.errors import AgeCamError


class DataError(AgeCamError):
    """Images, labels, models or settings cannot be read, or are not of the expected kind."""
