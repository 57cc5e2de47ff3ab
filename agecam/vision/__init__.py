"""Faces in frames, on numpy arrays: detected, tracked, aligned, classified and fused."""
