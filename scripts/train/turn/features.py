"""The features of Smart Turn, so that one program runs its network and ours: the last 8 s, silence
before what is shorter, made zero-mean and unit-variance, as Whisper's log-mel of 800 frames."""
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "stt"))

from mel import BANDS, FILTERS, HANN, HOP, RATE, WINDOW  # noqa: E402

FRAMES = 800
LONGEST = FRAMES * HOP


def features(samples):
    """(80, 800) of 16-bit samples at 16 kHz."""
    assert RATE == 16000
    audio = np.zeros(LONGEST, np.float32)
    heard = samples[-LONGEST:].astype(np.float32) / 32768
    audio[LONGEST - len(heard):] = heard
    audio = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
    padded = np.pad(audio, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:FRAMES]
    power = np.abs(np.fft.rfft(frames * HANN, axis=1)) ** 2
    logs = np.log10(np.maximum(power @ FILTERS.T, 1e-10))
    logs = np.maximum(logs, logs.max() - 8.0)
    return ((logs + 4) / 4).astype(np.float32).T


assert FILTERS.shape == (BANDS, WINDOW // 2 + 1)
