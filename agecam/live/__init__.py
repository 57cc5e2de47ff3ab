"""The live machine: threads, the latest-frame slot, and statistics. Knows nothing of Qt."""
