"""A batch: many inputs, of which an earlier run may have done some."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from agecam.output import write_image
from tests.commands.helpers import make_analyzer


def put_images(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(np.full((32, 32, 3), 40 + number, np.uint8), path)
    return folder
