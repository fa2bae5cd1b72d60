"""The log-mel spectrogram as Whisper and whisper.cpp compute it."""
import numpy as np

BANDS, WINDOW, HOP, RATE = 80, 400, 160, 16000
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
FLOOR = -10.0  # log10 of what whisper.cpp takes for nothing


def to_mel(hertz):
    return np.where(hertz < 1000, hertz / (200 / 3),
                    15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (np.log(6.4) / 27))


def to_hertz(mel):
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((np.log(6.4) / 27) * (mel - 15)))


def filters():
    """Slaney's filter bank, (80, 201): it travels in the ggml file."""
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    edges = to_hertz(np.linspace(to_mel(np.array(0.0)), to_mel(np.array(RATE / 2)), BANDS + 2))
    widths = np.diff(edges)
    ramps = edges[:, None] - bins[None]
    triangles = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


FILTERS = filters()


def log_mel(samples):
    """(frames, 80) of 16-bit samples, and the value of the silence whisper.cpp appends (30 s of it)."""
    audio = samples.astype(np.float32) / 32768
    count = (len(audio) + WINDOW // 2) // HOP + 1
    padded = np.concatenate([audio[1: WINDOW // 2 + 1][::-1], audio, np.zeros(2 * WINDOW, np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(frames * HANN, axis=1)) ** 2
    logs = np.log10(np.maximum(power @ FILTERS.T, 1e-10))
    least = max(logs.max(), FLOOR) - 8.0
    return ((np.maximum(logs, least) + 4) / 4).astype(np.float16), (max(FLOOR, least) + 4) / 4
