"""Render ``icon.svg`` to ``icon.png`` beside it: ``python assets/make_icon.py``."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtSvg import QSvgRenderer

SIZE_PX = 512


def main() -> None:
    folder = Path(__file__).parent
    image = QImage(SIZE_PX, SIZE_PX, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(folder / "icon.svg")).render(painter)
    painter.end()
    image.save(str(folder / "icon.png"))


if __name__ == "__main__":
    main()
