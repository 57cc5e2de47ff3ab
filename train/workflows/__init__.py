"""Whole procedures made of fits, evaluations and exports."""
