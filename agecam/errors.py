"""Everything AgeCam raises on purpose.

The text of an error is one sentence for the person at the keyboard: what is wrong and what to do.
"""


class AgeCamError(Exception):
    """Base of all expected failures; ``str(error)`` is fit to be shown to a user."""


class UsageError(AgeCamError):
    """The program was called with options that do not make sense together."""


class SourceError(AgeCamError):
    """A camera, file or address cannot give frames."""


class CameraNotFoundError(SourceError):
    """No camera has that index or name."""


class CameraBusyError(SourceError):
    """The camera is there but another program holds it, or it refuses to start."""


class CameraDeniedError(SourceError):
    """The camera is there, and this user may not open it."""


class NoFrameError(SourceError):
    """A source has no frame in the part of it that was asked for."""


class SourceNotReadyError(SourceError):
    """An address does not answer now, and may do so later."""


class SourceLostError(SourceError):
    """A source that gave frames has stopped giving them (cable pulled, network gone)."""


class AddressError(SourceError, UsageError):
    """What was given as an input is an address that was mistyped; it may hold a secret, and is not shown."""


class ModelError(AgeCamError):
    """A model file or its manifest is missing, damaged or not what it says it is."""


class OutputError(AgeCamError):
    """A video, snapshot or CSV file cannot be written."""


class DiskFullError(OutputError):
    """There is no room for more of a file; what was written until then is kept."""
