"""AgeCam finds the faces in a live picture, estimates age and gender, and records what it shows."""

__version__ = "0.1.0"
