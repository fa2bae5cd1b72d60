"""Token and sound ids: what the network sees of a text."""
import json
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
# The ids of the ggml file: an English Whisper has 50,256 pieces, then <|endoftext|> and its kin.
PIECES, GGML_END, GGML_START, GGML_NO_TIMES = 50256, 50256, 50257, 50362
NO_SPEECH = " [BLANK_AUDIO]"


class Vocabulary:
    """1,000 pieces of bpe.json, then no speech, end, start, no timestamps."""

    def __init__(self):
        self.bpe = Tokenizer.from_file(str(HERE / "bpe.json"))
        self.sounds = json.loads((HERE / "sounds.json").read_text())
        self.sound_ids = {sound: index for index, sound in enumerate(self.sounds)}
        pieces = self.bpe.get_vocab_size()
        self.silent, self.end, self.start, self.no_times = range(pieces, pieces + 4)
        self.size = pieces + 4
        # Rows of the file that no piece uses are zeros: each adds a logit of 0 to the softmax.
        self.unused = PIECES - pieces - 1

    def tokens(self, text):
        return (self.bpe.encode(text).ids if text else [self.silent]) + [self.end]

    def sounds_of(self, phonemes):
        return [self.sound_ids[s] for s in phonemes.split() if s in self.sound_ids]

    def pieces(self):
        """The texts of the ggml file's ids below GGML_END, every one different."""
        own = [self.bpe.id_to_token(i).replace("▁", " ") or "?" for i in range(self.silent)]
        own.append(NO_SPEECH)
        if " " not in own:  # whisper.cpp looks it up to suppress blanks
            own.append(" ")
        return own + [f"[_u{i}_]" for i in range(len(own), PIECES)]
