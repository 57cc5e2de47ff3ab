"""The ages of the faces in a photograph, by a Keras model: ``predict_age.py PHOTOGRAPH [MODEL]``."""

import sys
from pathlib import Path

import keras

from agecam.paths import models_dir
from agecam.sources import read_image
from agecam.vision.align import align_faces, to_model_input
from agecam.vision.calibration import predicted_age
from agecam.vision.detector import MediaPipeDetector

photograph, path = (*map(Path, sys.argv[1:]), models_dir() / "age.keras")[:2]
model = keras.models.load_model(path, compile=False)
image_bgr = read_image(photograph)
with MediaPipeDetector() as detector:
    faces = detector.detect(image_bgr)
crops_gray = align_faces(image_bgr, faces)  # (n, 128, 128) uint8
ages = predicted_age(model.predict_on_batch(to_model_input(crops_gray)))
for face, age in zip(faces, ages, strict=True):
    x, y, width, height = (round(value) for value in face.box)
    print(f"{age:.0f} years at x={x}, y={y}, {width} by {height} pixels")
