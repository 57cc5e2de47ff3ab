"""The live machine: session, capture, analysis, recording, playback and statistics. Knows nothing of Qt."""
