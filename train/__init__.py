"""Trains the models that AgeCam ships: pictures -> prepare -> fit -> evaluate -> export."""
