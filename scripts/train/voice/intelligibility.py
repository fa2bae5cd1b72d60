#!/usr/bin/env python3
"""How well is a voice understood on the telephone? intelligibility.py FOLDER [CALLBOX MODELS]

Says the same forty sentences in every voice that could speak here or teach one that does, over the same
line (8 kHz, mu-law, level), and has them recognised by a program that none of them was made with:
pocketsphinx, whose sounds were learned from people, left free to hear any row of the sentences' words
(apt-get install pocketsphinx pocketsphinx-en-us; it takes no part in the product). With CALLBOX the
starter recogniser hears them too; it knows some of these voices from its training, so what it thinks of
them is no measure between voices. Word error rates in %.
"""
import json
import random
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "stt"))

import exam  # noqa: E402
import line  # noqa: E402
from score import errors, transcribed, words  # noqa: E402
from voices import Espeak, Flite  # noqa: E402
import numpy as np  # noqa: E402

SENTENCES = 40
ESPEAK = ["en-us", "en-us+f3", "en-us+Annie", "en", "en+f3"]
FLITE = ["slt", "rms", "awb", "kal16"]
SPHINX = Path("/usr/share/pocketsphinx/model/en-us")
LEVEL = 10 ** (-20 / 20)


def sentences():
    """Sentences of which pocketsphinx knows every word."""
    known = {entry.split()[0] for entry in (SPHINX / "cmudict-en-us.dict").read_text().splitlines()}
    apart = (exam.HERE / "exam" / "apart.txt").read_text().splitlines()
    return [text for text in apart if all(word in known for word in text.split())][:SENTENCES]


def spoken(espeak, flite, voice, text):
    if voice.startswith("flite-"):
        return flite.say(text, voice.removeprefix("flite-"), 1.0, 1.0)
    return espeak.say(text, voice, 165, 50, 50)


def heard_as(samples, rate):
    voice = np.pad(line.trim(line.narrow(samples, rate)), (line.RATE // 4, line.RATE // 4))
    return line.heard(line.mu_law(voice * LEVEL / np.sqrt((voice**2).mean())))


def sphinx(folder, files, vocabulary):
    """Texts by file, of one row of words or another."""
    grammar = folder / "words.jsgf"
    grammar.write_text(f"#JSGF V1.0;\ngrammar words;\npublic <said> = ({' | '.join(vocabulary)})+;\n")
    (folder / "files").write_text("\n".join(file.removesuffix(".wav") for file in files) + "\n")
    subprocess.run(["pocketsphinx_batch", "-hmm", SPHINX / "en-us", "-dict", SPHINX / "cmudict-en-us.dict", "-jsgf",
                    grammar, "-adcin", "yes", "-adchdr", "44", "-cepdir", folder, "-cepext", ".wav", "-ctl", folder / "files",
                    "-hyp", folder / "hypotheses"], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    found = re.findall(r"^(.*?) ?\((\S+) -?\d+\)$", (folder / "hypotheses").read_text(), re.M)
    return {f"{name}.wav": text for text, name in found}


def main():
    folder = Path(sys.argv[1])
    (folder / "exam").mkdir(parents=True, exist_ok=True)
    random.seed(1)
    espeak, flite, texts, items = Espeak(), Flite(), sentences(), []
    for voice in [f"flite-{name}" for name in FLITE] + ESPEAK:
        for text in texts:
            name = f"exam/{len(items):04}.wav"
            exam.write(folder / name, heard_as(*spoken(espeak, flite, voice, text)))
            items.append({"file": name, "voice": voice, "text": text})
    files = [item["file"] for item in items]
    vocabulary = sorted({word for text in texts for word in text.split()})
    heard = {"pocketsphinx": sphinx(folder, files, vocabulary)}
    if len(sys.argv) > 3:
        heard["starter"] = transcribed(folder, Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve(), files)
    (folder / "heard.json").write_text(json.dumps(heard, indent=0))
    print(f"{len(texts)} sentences of {len(vocabulary)} words\n| voice | {' | '.join(heard)} |")
    for voice in dict.fromkeys(item["voice"] for item in items):
        cells = []
        for texts_of in heard.values():
            pairs = [(words(item["text"]), words(texts_of.get(item["file"], "")))
                     for item in items if item["voice"] == voice]
            cells.append(f"{100 * sum(errors(*pair) for pair in pairs) / sum(len(wanted) for wanted, _ in pairs):.1f}")
        print(f"| {voice} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
