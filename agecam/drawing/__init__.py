"""What is drawn: label text, layout, rendering and the hysteresis of what is printed."""
