"""What is seen: faces found, aligned, classified, followed, smoothed and drawn, on numpy arrays."""
