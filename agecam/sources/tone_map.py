"""From HDR (PQ, HLG) and wide-gamut colours to those of SDR video, BT.709.

The standards are those of ITU-R: BT.2100 (PQ and HLG), BT.2408 (their use), BT.2390 (tone mapping), BT.2087
and BT.2407 (from BT.2020 to BT.709), BT.1886 (SDR displays). Light is in cd/m2 of a display.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2

Transfer = Literal["pq", "hlg", "gamma"]
"""What signal values mean: PQ (SMPTE ST 2084), HLG (ARIB STD-B67), or the gamma of SDR."""

Primaries = Literal["bt709", "bt2020", "p3"]
"""P3 with the white point D65, as on phones (SMPTE EG 432-1)."""

Values = NDArray[np.float64]

# Of linear RGB: BT.2087, and for P3 the same computation from its chromaticities.
_TO_BT709: Final = {
    "bt709": np.eye(3),
    "bt2020": np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]),
    "p3": np.array([[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]]),
}
_LUMINANCE: Final = {
    "bt709": (0.2126, 0.7152, 0.0722),
    "bt2020": (0.2627, 0.6780, 0.0593),
    "p3": (0.2290, 0.6917, 0.0793),
}
_MOST: Final = 65535
_BLOCK_ROWS: Final = 32
"""Rows that are computed together, so that they stay in a core's cache; all at once take twice as long."""


@dataclass(frozen=True, slots=True)
class ToneMapConfig:
    """The light that HDR video is made for, and how much of it SDR keeps."""

    white_cd_m2: float = 203.0
    """Reference white of HDR (BT.2408, table 1); it is the white of SDR."""

    peak_cd_m2: float = 1000.0
    """The brightest light that is told apart from white: of the display that HLG is made for (BT.2100) and
    that most PQ is graded on."""

    hlg_gamma: float = 1.2
    """System gamma of HLG at that peak (BT.2100, table 5)."""

    sdr_gamma: float = 2.4
    """Gamma of an SDR display (BT.1886)."""


class ToneMap:
    """Turns images of one kind into SDR.

    Of HDR, what is darker than about half of white keeps its light; faces are (BT.2408, table 2). What is
    brighter, up to the peak, is compressed below white by luminance, so that hues stay (BT.2390, "EETF").
    Colours that BT.709 does not hold are clipped (BT.2407, 2).
    """

    def __init__(self, transfer: Transfer, primaries: Primaries, config: ToneMapConfig | None = None) -> None:
        config = config or ToneMapConfig()
        signal = np.linspace(0, 1, _MOST + 1)
        self._light = _light_by_signal(signal, transfer, config).astype(np.float32)
        # By the square root of luminance, since it changes most in the dark.
        self._gain = None if transfer == "gamma" else _gain(signal**2, transfer, config).astype(np.float32)
        self._signal_8bit = np.rint(signal ** (1 / config.sdr_gamma) * 255).astype(np.uint8)
        # Images are BGR.
        self._luminance = np.array([_LUMINANCE[primaries][::-1]], np.float32)
        self._matrix = np.ascontiguousarray(_TO_BT709[primaries][::-1, ::-1], np.float32)

    def apply(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """``(height, width, 3)`` uint16 BGR, all values used, as uint8 BGR."""
        mapped = np.empty(image.shape, np.uint8)
        for top in range(0, len(image), _BLOCK_ROWS):
            rows = slice(top, top + _BLOCK_ROWS)
            light = np.take(self._light, image[rows])
            if self._gain is not None:
                luminance = cv2.transform(light, self._luminance)
                gain = np.take(self._gain, cv2.multiply(cv2.sqrt(luminance), _MOST, dtype=cv2.CV_16U))
                light = cv2.multiply(light, cv2.merge([gain, gain, gain]))
            light = cv2.transform(light, self._matrix)
            # Which clips it too.
            quantized = cv2.multiply(light, (_MOST,) * 4, dtype=cv2.CV_16U)
            np.take(self._signal_8bit, quantized, out=mapped[rows], mode="clip")
        return mapped


def _light_by_signal(signal: Values, transfer: Transfer, config: ToneMapConfig) -> Values:
    """Light in [0, 1]: of the scene (HLG), up to the peak (PQ), or up to white."""
    match transfer:
        case "pq":
            return np.minimum(pq_to_light(signal) / config.peak_cd_m2, 1)
        case "hlg":  # BT.2100, table 5: the inverse OETF
            a, b, c = 0.17883277, 0.28466892, 0.55991073
            return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        case "gamma":
            return np.asarray(signal**config.sdr_gamma, np.float64)


def _gain(luminance: Values, transfer: Transfer, config: ToneMapConfig) -> Values:
    """By what to multiply light of that luminance, both as of :func:`_light_by_signal`; white becomes 1."""
    luminance = np.maximum(luminance, 1e-9)
    shown = luminance**config.hlg_gamma if transfer == "hlg" else luminance  # BT.2100, table 5: the OOTF
    return compress(shown * config.peak_cd_m2, config) / config.white_cd_m2 / luminance


# BT.2100, table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def pq_to_light(signal: Values) -> Values:
    """The light in cd/m2 of a PQ signal in [0, 1]."""
    power = signal ** (1 / _M2)
    return np.asarray(10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1), np.float64)


def light_to_pq(light_cd_m2: Values) -> Values:
    """The PQ signal of light in cd/m2, up to 10,000."""
    power = (light_cd_m2 / 10000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2, np.float64)


def compress(light_cd_m2: Values, config: ToneMapConfig) -> Values:
    """Light up to the peak brought below white; what lies below a knee stays (BT.2390-10, 5.4.1)."""
    white, peak = light_to_pq(np.array([config.white_cd_m2, config.peak_cd_m2]))
    signal = np.minimum(light_to_pq(light_cd_m2) / peak, 1)
    most = white / peak
    knee = 1.5 * most - 0.5
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    )
    return pq_to_light(np.where(signal < knee, signal, curve) * peak)
