"""Labelled images: read, cropped, split, and served in batches."""
