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
# Longer and shorter throats, as the factor by which a voice is played faster: few voices become many.
THROATS = {"slt": (0.78, 1.06), "awb": (0.9, 1.18), "kal": (0.92, 1.22), "kal16": (0.92, 1.22)}
ESPEAK_THROATS = (0.88, 1.14)
RATE, PITCH, RANGE = 1, 3, 4  # espeak_PARAMETER of speak_lib.h
# Read by both as the letter's name. To espeak-ng "a" among letters is the article, and "ay" the letter i.
LETTER_A = "eigh"


class Event(C.Structure):
    """espeak_EVENT of speak_lib.h."""
    _fields_ = [("type", C.c_int), ("identifier", C.c_uint), ("text_position", C.c_int), ("length", C.c_int),
                ("audio_ms", C.c_int), ("sample", C.c_int), ("data", C.c_void_p), ("id", C.c_int64)]


WORD_BEGINS = 1  # espeakEVENT_WORD


class Espeak:
    def __init__(self):
        self.library = C.CDLL("libespeak-ng.so.1")
        self.pieces, self.word_begins = [], []
        self.rate = self.library.espeak_Initialize(2, 0, None, 0)
        # Kept on self: the library keeps only the pointer.
        self.callback = C.CFUNCTYPE(C.c_int, C.POINTER(C.c_short), C.c_int, C.POINTER(Event))(self._take)
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples, count, events):
        if count > 0 and samples:
            self.pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events and events[index].type:
            if events[index].type == WORD_BEGINS:
                self.word_begins.append(events[index].audio_ms * self.rate // 1000)
            index += 1
        return 0

    def say(self, text, voice, rate, pitch, spread):
        """Samples in -1..1 and their rate; None where the voice is not installed."""
        if self.library.espeak_SetVoiceByName(voice.encode()):
            return None
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, spread)):
            self.library.espeak_SetParameter(parameter, value, 0)
        self.pieces.clear()
        self.word_begins.clear()
        said = text.encode()
        self.library.espeak_Synth(said, len(said) + 1, 0, 1, 0, 1, None, None)
        if not self.pieces:
            return None
        return np.concatenate(self.pieces).astype(np.float32) / 32768, self.rate


class Wave(C.Structure):
    """cst_wave of flite's cst_wave.h."""
    _fields_ = [("type", C.c_char_p), ("rate", C.c_int), ("count", C.c_int), ("channels", C.c_int),
                ("samples", C.POINTER(C.c_short))]


LAST_SOUND = b"R:SylStructure.daughtern.daughtern.R:Segment.end"  # of a word, in seconds


class Flite:
    def __init__(self):
        self.library = C.CDLL("libflite.so.1", mode=C.RTLD_GLOBAL)
        self.library.flite_init()
        for part in ("usenglish", "cmulex"):
            C.CDLL(f"libflite_{part}.so.1", mode=C.RTLD_GLOBAL)
        self.library.feat_set_float.argtypes = [C.c_void_p, C.c_char_p, C.c_float]
        for name, result, arguments in (
                ("flite_synth_text", C.c_void_p, [C.c_char_p, C.c_void_p]),
                ("utt_wave", C.POINTER(Wave), [C.c_void_p]), ("utt_relation", C.c_void_p, [C.c_void_p, C.c_char_p]),
                ("relation_head", C.c_void_p, [C.c_void_p]), ("item_next", C.c_void_p, [C.c_void_p]),
                ("flite_ffeature_float", C.c_float, [C.c_void_p, C.c_char_p]),
                ("delete_utterance", None, [C.c_void_p])):
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.word_begins = []

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
        said = self.library.flite_synth_text(text.encode(), voice)
        wave = self.library.utt_wave(said).contents
        rate = wave.rate
        samples = np.ctypeslib.as_array(wave.samples, (wave.count,)).astype(np.float32) / 32768
        ends = []
        word = self.library.relation_head(self.library.utt_relation(said, b"Word"))
        while word:
            ends.append(int(self.library.flite_ffeature_float(word, LAST_SOUND) * rate))
            word = self.library.item_next(word)
        self.word_begins = [0, *ends[:-1]]
        self.library.delete_utterance(said)
        return samples, rate


def played(rate, throat):
    """The rate of samples played faster; round, for the resampling's sake."""
    return round(rate * throat / 200) * 200


class Callers:
    """Says a text in a voice drawn by chance: trained voices, or only those held out."""

    def __init__(self, held=False, flite_share=0.42):
        self.espeak, self.flite = Espeak(), Flite()
        self.held, self.flite_share = held, flite_share
        self.word_begins = []  # of what was said last, in samples

    def say(self, r, text):
        """Samples, rate, the voice's name."""
        said = text.replace("A", LETTER_A)
        for _ in range(20):
            flite = r.random() < self.flite_share
            spoken = self._flite(r, said) if flite else self._espeak(r, said)
            self.word_begins = (self.flite if flite else self.espeak).word_begins
            if spoken and len(spoken[0]) > spoken[1] * 0.12:
                return spoken
        raise RuntimeError(f"no voice would say {text!r}")

    def _flite(self, r, said):
        names = dict.fromkeys(HELD_FLITE, 1) if self.held else FLITE
        name = r.choices(list(names), list(names.values()))[0]
        if self.held:
            return *self.flite.say(said, name, r.uniform(0.8, 1.2), 1.0), f"flite-{name}"
        throat = r.uniform(*THROATS[name]) if r.random() < 0.7 else 1.0
        pitch = r.uniform(0.8, 1.3) / throat if r.random() < 0.6 else 1.0
        samples, rate = self.flite.say(said, name, r.uniform(0.8, 1.2) * throat, pitch)
        return samples, played(rate, throat), f"flite-{name}"

    def _espeak(self, r, said):
        accent = r.choices(list(ACCENTS), list(ACCENTS.values()))[0]
        variant = r.choice(HELD_VARIANTS if self.held else VARIANTS + [""] * 4)
        voice = f"{accent}+{variant}" if variant else accent
        spoken = self.espeak.say(said, voice, r.randint(130, 210), r.randint(30, 70), r.randint(30, 75))
        if not spoken:
            return None
        if not self.held and r.random() < 0.3:
            spoken = spoken[0], played(spoken[1], r.uniform(*ESPEAK_THROATS))
        return *spoken, voice
