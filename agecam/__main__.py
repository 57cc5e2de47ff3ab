"""``agecam``, which ``python -m agecam`` is as well."""

import os
import sys


def main() -> None:
    """Entry point, light on purpose: loading the rest takes long enough for somebody to press Ctrl-C."""
    # No product here is large enough for the threads of OpenBLAS, NumPy's and OpenCV's, which spin for 0.1 s
    # of processor time when they are loaded. Training, which has such products, does not come by here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from agecam.cli import main as run

        run()
    except KeyboardInterrupt:  # before, or behind, what handles it
        sys.exit(130)


if __name__ == "__main__":
    main()
