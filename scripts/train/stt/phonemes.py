"""The sounds of a text, by espeak-ng: targets of the encoder's auxiliary loss."""
import ctypes as C
import re
from functools import cache

from voices import LETTER_A


@cache
def library():
    espeak = C.CDLL("libespeak-ng.so.1")
    espeak.espeak_Initialize(2, 0, None, 0)
    espeak.espeak_TextToPhonemes.restype = C.c_char_p
    return espeak


def of(text):
    """Space-separated espeak phonemes in the accent of en-us, without stress and length."""
    espeak = library()
    espeak.espeak_SetVoiceByName(b"en-us")
    rest = C.c_char_p(text.replace("A", LETTER_A).encode())
    sounds = []
    while rest.value:
        clause = espeak.espeak_TextToPhonemes(C.byref(rest), 1, ord("_") << 8)
        sounds += re.split(r"[_ ]+", clause.decode())
    return " ".join(filter(None, (re.sub(r"[',%:|]", "", sound) for sound in sounds)))
