"""Measurement of models on images they have not seen."""
