"""The telephone line between a caller and the recogniser, as the appliance hears it."""
import numpy as np
from scipy.signal import butter, lfilter, resample_poly

RATE = 8000
HEARD = 16000


def noise(r, count):
    """Noise of unit power: white or coloured, at times with mains hum."""
    samples = np.random.default_rng(r.randrange(1 << 30)).standard_normal(count).astype(np.float32)
    kind = r.random()
    if kind < 0.5:
        pole = r.uniform(0.5, 0.97)
        samples = lfilter([1 - pole], [1, -pole], samples).astype(np.float32)
    if kind > 0.85:
        hum = np.sin(2 * np.pi * r.choice((50, 60, 120)) * np.arange(count) / RATE + 1)
        samples += 2 * hum.astype(np.float32)
    return samples / np.sqrt((samples**2).mean())


def mu_law(samples):
    """There and back: G.711's companding curve, 256 steps."""
    samples = np.clip(samples, -1, 1)
    curved = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    steps = np.round((curved + 1) / 2 * 255) / 255 * 2 - 1
    return (np.sign(steps) * (np.power(256, np.abs(steps)) - 1) / 255).astype(np.float32)


def lose(r, samples, share):
    """Loses 20 ms packets; the last one heard is repeated, fading, as concealment does."""
    packet = RATE // 50
    fade = 1.0
    for start in range(packet, len(samples) - packet, packet):
        if r.random() >= share:
            fade = 1.0
            continue
        fade *= 0.6
        samples[start: start + packet] = samples[start - packet: start] * fade
    return samples


def trim(samples):
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[max(0, loud[0] - 80): loud[-1] + 160]


def narrow(samples, rate):
    """A voice at the telephone's rate."""
    divisor = np.gcd(rate, RATE)
    return resample_poly(samples, RATE // divisor, rate // divisor).astype(np.float32)


def room(r, samples, echo_s=None, echo=0.4):
    """A hard-walled room around the caller: noise that dies away, or one late echo after `echo_s`."""
    wet = np.zeros(int(RATE * (echo_s or r.uniform(0.05, 0.3))) + 1, np.float32)
    if echo_s:
        wet[-1] = echo
    else:
        time = np.arange(len(wet)) / len(wet)
        wet = noise(r, len(wet)) * np.exp(-5 * time) * r.uniform(0.02, 0.08)
    wet[0] = 1
    return np.convolve(samples, wet)[: len(samples)].astype(np.float32)


def babble(r, samples, others):
    """Other people's talk behind, at a level below that of the voice."""
    behind = np.zeros(len(samples), np.float32)
    for other in r.sample(others, min(len(others), r.randint(1, 3))):
        behind += np.resize(np.roll(other, r.randrange(len(other))), len(samples))
    power = np.sqrt((behind**2).mean()) + 1e-6
    voice = np.sqrt((samples**2).mean())
    return samples + behind / power * voice * 10 ** (-r.uniform(11, 28) / 20)


def below(r, mild):
    """How many decibels the noise lies below the voice: most of the training's is what hurts."""
    if mild:
        return r.uniform(22, 40)
    return r.uniform(8, 22) if r.random() < 0.6 else r.uniform(12, 45)


def call(r, samples, rate, mild=False, others=()):
    """A voice as 16 kHz, 16-bit samples after 8 kHz mu-law; `mild` is the line of the examinations.

    `others` are voices at 8 kHz that may talk in the background."""
    samples = trim(narrow(samples, rate))
    kind = 1 if mild else r.random()
    if kind < 0.08:
        samples = room(r, samples)
    elif kind < 0.15:
        samples = room(r, samples, r.uniform(0.03, 0.3), r.uniform(0.1, 0.5))
    # About 240 ms of pre-roll and 120-200 ms of silence after, with the detector's slack.
    usual = mild or r.random() < 0.6
    before = r.uniform(0.15, 0.30) if usual else r.uniform(0.02, 0.45)
    after = r.uniform(0.10, 0.24) if usual else r.uniform(0.05, 0.6)
    samples = np.pad(samples, (int(RATE * before), int(RATE * after)))
    if not mild and r.random() < 0.5:
        band = [r.uniform(80, 320) / (RATE / 2), r.uniform(3100, 3800) / (RATE / 2)]
        samples = lfilter(*butter(2, band, "band"), samples).astype(np.float32)
    level = 10 ** (r.uniform(-30, -12) / 20)
    samples *= level / np.sqrt((samples**2).mean())
    if r.random() < (0.4 if mild else 0.8):
        samples += noise(r, len(samples)) * level * 10 ** (-below(r, mild) / 20)
    if others and not mild and r.random() < 0.1:
        samples = babble(r, samples, others)
    if not mild and r.random() < 0.2:
        samples = lose(r, samples, r.uniform(0.01, 0.06))
    return heard(mu_law(samples))


def amid(r, samples):
    """A piece out of something longer, at 8 kHz, as a detector cuts it that took it for speech: no silence around."""
    count = min(len(samples), int(RATE * r.uniform(0.3, 2)))
    at = r.randrange(len(samples) - count + 1)
    samples = samples[at: at + count]
    level = 10 ** (r.uniform(-30, -12) / 20)
    samples = samples * (level / max(np.sqrt((samples**2).mean()), 1e-6))
    return heard(mu_law(samples + noise(r, count) * level * 10 ** (-r.uniform(10, 60) / 20)))


def quiet(r):
    """No speech: silence, noise, clicks."""
    count = int(RATE * r.uniform(0.4, 4))
    kind = r.random()
    samples = np.zeros(count, np.float32)
    if kind > 0.15:
        samples = noise(r, count) * 10 ** (-r.uniform(15, 70) / 20)
    if kind > 0.7:
        for _ in range(r.randint(1, 4)):
            at = r.randrange(count - 400)
            samples[at: at + r.randint(5, 200)] += r.uniform(-0.5, 0.5)
    return heard(mu_law(samples))


def heard(samples):
    louder = resample_poly(samples, HEARD // RATE, 1) * 32767
    return np.clip(np.round(louder), -32768, 32767).astype(np.int16)
