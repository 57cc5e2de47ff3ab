"""A run says how fast it is and until when it will last, and draws its curves as it goes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.fit.monitor import DrawCurves, Progress

_HEADER = "epoch,loss,val_loss\n"


def test_rate_and_time_left_are_of_the_epochs_that_were_measured() -> None:
    said: list[str] = []
    # The first epoch takes 100 s, of which 90 s training, later ones 10 and 5 s.
    times_s: Iterator[float] = iter([0.0, 90.0, 100.0, 100.0, 105.0, 110.0, 110.0, 115.0, 120.0])
    progress = Progress(1800, 402, said.append, lambda: next(times_s))
    for epoch in (0, 1, 401):
        progress.on_epoch_begin(epoch)
        progress.on_test_begin()
        progress.on_epoch_end(epoch)
    # 401 more of 100 s each; then 400 of 10 s.
    assert said[0].startswith("Epoch 1 of 402: 20 images a second; 11:08:20 left, until ")
    assert said[1].startswith("Epoch 2 of 402: 360 images a second; 1:06:40 left, until ")
    assert said[2] == "Epoch 402 of 402: 360 images a second."


def drawn(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_curves_are_drawn_again_while_the_run_goes_on_and_at_its_end(tmp_path: Path) -> None:
    log, path = tmp_path / "log.csv", tmp_path / "curves.png"
    now_s = 0.0
    curves = DrawCurves(log, path, lambda: now_s)
    seen = []
    for epoch, seconds in enumerate((0.0, 1.0, 60.0, 61.0)):
        now_s = seconds
        rows = "".join(f"{row},{3 - row},{3.5 - row}\n" for row in range(epoch + 1))
        log.write_text(_HEADER + rows, encoding="utf-8")
        curves.on_epoch_end(epoch)
        seen.append(drawn(path))
    assert np.array_equal(seen[0], seen[1]), "a second later is no reason to draw"
    assert not np.array_equal(seen[1], seen[2])
    assert np.array_equal(seen[2], seen[3])
    curves.on_train_end()
    assert not np.array_equal(seen[3], drawn(path)), "the end is always drawn"
    blue = (np.abs(drawn(path).astype(int) - (196, 130, 59)).sum(axis=2) < 60).sum()
    assert blue > 100, "the curve of the training"
