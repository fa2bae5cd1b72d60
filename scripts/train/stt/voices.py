"""The synthetic callers: espeak-ng and flite through their C libraries.

HELD_VARIANTS and HELD_FLITE are never trained on: examinations are spoken by them alone.
"""
import ctypes as C
from functools import cache

import numpy as np

ACCENTS = {"en-us": 6, "en": 4, "en-gb-scotland": 2, "en-gb-x-rp": 3, "en-us-nyc": 1.5,
           "en-gb-x-gbclan": 1, "en-gb-x-gbcwmd": 1, "en-029": 1}
HELD_VARIANTS = "m3 f3 m8 Andrea benjamin ed john Nguyen".split()
VARIANTS = ("m1 m2 m4 m5 m6 m7 f1 f2 f4 f5 Andy Alex Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee "
            "Mario Marco Michael Mike Storm Tweaky anika aunty edward edward2 grandma grandpa linda marcelo "
            "max norbert rob sandro shelby steph steph2 steph3 travis victor zac Alicia quincy adam "
            "belinda boris iven iven2 iven3 kaukovalta miguel pedro robert pablo paul michel gustave "
            "antonio caleb david announcer klatt klatt2 klatt3 klatt4 klatt5 klatt6").split()
FLITE = {"slt": 4, "awb": 3, "kal": 2, "kal16": 2}
HELD_FLITE = ["rms"]
RATE, PITCH, RANGE = 1, 3, 4  # espeak_PARAMETER of speak_lib.h


class Espeak:
    def __init__(self):
        self.library = C.CDLL("libespeak-ng.so.1")
        self.pieces = []
        self.rate = self.library.espeak_Initialize(2, 0, None, 0)
        # Kept on self: the library keeps only the pointer.
        self.callback = C.CFUNCTYPE(C.c_int, C.POINTER(C.c_short), C.c_int, C.c_void_p)(self._take)
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples, count, _events):
        if count > 0 and samples:
            self.pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, text, voice, rate, pitch, spread):
        """Samples in -1..1 and their rate; None where the voice is not installed."""
        if self.library.espeak_SetVoiceByName(voice.encode()):
            return None
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, spread)):
            self.library.espeak_SetParameter(parameter, value, 0)
        self.pieces.clear()
        said = text.encode()
        self.library.espeak_Synth(said, len(said) + 1, 0, 1, 0, 1, None, None)
        if not self.pieces:
            return None
        return np.concatenate(self.pieces).astype(np.float32) / 32768, self.rate


class Wave(C.Structure):
    """cst_wave of flite's cst_wave.h."""
    _fields_ = [("type", C.c_char_p), ("rate", C.c_int), ("count", C.c_int), ("channels", C.c_int),
                ("samples", C.POINTER(C.c_short))]


class Flite:
    def __init__(self):
        self.library = C.CDLL("libflite.so.1", mode=C.RTLD_GLOBAL)
        self.library.flite_init()
        for part in ("usenglish", "cmulex"):
            C.CDLL(f"libflite_{part}.so.1", mode=C.RTLD_GLOBAL)
        self.library.flite_text_to_wave.restype = C.POINTER(Wave)
        self.library.flite_text_to_wave.argtypes = [C.c_char_p, C.c_void_p]
        self.library.delete_wave.argtypes = [C.POINTER(Wave)]
        self.library.feat_set_float.argtypes = [C.c_void_p, C.c_char_p, C.c_float]

    @cache
    def voice(self, name):
        register = getattr(C.CDLL(f"libflite_cmu_us_{name}.so.1", mode=C.RTLD_GLOBAL),
                           f"register_cmu_us_{name}")
        register.restype, register.argtypes = C.c_void_p, [C.c_char_p]
        return register(None)

    def say(self, text, name, stretch, pitch):
        voice = self.voice(name)
        features = C.cast(voice, C.POINTER(C.c_void_p))[1]  # cst_voice: its name, its features
        self.library.feat_set_float(features, b"duration_stretch", stretch)
        self.library.feat_set_float(features, b"f0_shift", pitch)
        wave = self.library.flite_text_to_wave(text.encode(), voice)
        count, rate = wave.contents.count, wave.contents.rate
        samples = np.ctypeslib.as_array(wave.contents.samples, (count,)).astype(np.float32) / 32768
        self.library.delete_wave(wave)
        return samples, rate


class Callers:
    """Says a text in a voice drawn by chance: trained voices, or only those held out."""

    def __init__(self, held=False, flite_share=0.42):
        self.espeak, self.flite = Espeak(), Flite()
        self.held, self.flite_share = held, flite_share

    def say(self, r, text):
        """Samples, rate, the voice's name."""
        said = text.replace("A", "ay")
        for _ in range(20):
            spoken = self._flite(r, said) if r.random() < self.flite_share else self._espeak(r, said)
            if spoken and len(spoken[0]) > spoken[1] * 0.12:
                return spoken
        raise RuntimeError(f"no voice would say {text!r}")

    def _flite(self, r, said):
        names = dict.fromkeys(HELD_FLITE, 1) if self.held else FLITE
        name = r.choices(list(names), list(names.values()))[0]
        pitch = 1.0 if self.held or r.random() < 0.4 else r.uniform(0.8, 1.3)
        return *self.flite.say(said, name, r.uniform(0.8, 1.2), pitch), f"flite-{name}"

    def _espeak(self, r, said):
        accent = r.choices(list(ACCENTS), list(ACCENTS.values()))[0]
        variant = r.choice(HELD_VARIANTS if self.held else VARIANTS + [""] * 4)
        voice = f"{accent}+{variant}" if variant else accent
        spoken = self.espeak.say(said, voice, r.randint(130, 210), r.randint(30, 70), r.randint(30, 75))
        return spoken and (*spoken, voice)
