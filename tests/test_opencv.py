"""OpenCV has the threads that pay for the images that are worked on."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("most", [1, 2])
def test_small_images_have_one_thread_and_large_ones_no_more_than_the_process_had(most: int) -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from agecam.opencv import cv2, use_threads_for\n"
            f"cv2.setNumThreads({most})\n"
            "for size_wh in (1280, 720), (3840, 2160), (1920, 1080), (4000, 3000):\n"
            "    use_threads_for(size_wh)\n"
            "    print(cv2.getNumThreads())",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["1", str(most), "1", str(most)]
