"""``python -m agecam`` is the same program as ``agecam``."""

from agecam.cli import main

if __name__ == "__main__":
    main()
