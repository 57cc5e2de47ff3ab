"""``agecam``, which ``python -m agecam`` is as well."""

import sys


def main() -> None:
    """Entry point, light on purpose: loading the rest takes long enough for somebody to press Ctrl-C."""
    try:
        from agecam.cli import main as run

        run()
    except KeyboardInterrupt:  # before, or behind, what handles it
        sys.exit(130)


if __name__ == "__main__":
    main()
