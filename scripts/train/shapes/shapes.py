#!/usr/bin/env python3
"""Makes shape models and their manifests: shapes.py FOLDER [NAME..]"""
import hashlib
import sys
from pathlib import Path

import numpy as np

import blocks
import gguf
import piper
import whisper
import widened
import widened_llm

SEED = 20
RANDOM = ("Random weights in the shape of a real model.", "CC0-1.0",
          'with = "nothing"\nnot_for = "anything but measuring speed and memory: its weights are random"')
STARTER = ("A starter model at the size of a larger one.", "MIT OR Apache-2.0",
           'not_for = "people: it does no better than the starter model and takes longer. For measuring speed and memory"')
QUOTED = (*STARTER[:2], 'speech = "quoted"\n' + STARTER[2])


def llm(size, memory_mb):
    section = ('[llm]\nprompt = "chat-1"\ncontext = 1024\nbefore = "<|im_start|>system\\n"\n'
               'between = "<|im_end|>\\n<|im_start|>user\\n"\n'
               'after = "<|im_end|>\\n<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n"\n')
    return "llm", memory_mb, section, {".gguf": lambda path, rng: gguf.write(path, size, rng)}, RANDOM


def stt(size, kind, memory_mb):
    # A floor that random weights never reach: not one word can get out.
    section = "[stt]\nconfidence_floor = 1.0\n"
    return "stt", memory_mb, section, {".bin": lambda path, rng: whisper.write(path, size, kind, rng)}, RANDOM


def heard(size, memory_mb):
    """Hears what the starter hears."""
    section = "[stt]\nconfidence_floor = 0.6\n"
    return "stt", memory_mb, section, {".bin": lambda path, _: widened.write(path, size)}, STARTER


def decides(size, memory_mb):
    """Decides what the starter decides."""
    section = '[llm]\nprompt = "starter-1"\ncontext = 256\nafter = "<|out|>"\n'
    return "llm", memory_mb, section, {".gguf": lambda path, _: widened_llm.write(path, size)}, QUOTED


def tts(quality, memory_mb):
    section = '[tts]\nengine = "piper"\nvoice = ""\n'
    return "tts", memory_mb, section, {".onnx": lambda path, rng: piper.write(path, quality, rng),
                                       ".onnx.json": lambda path, rng: piper.config(path, quality)}, RANDOM


SHAPES = {
    "shape-whisper-base.en": stt("base.en", blocks.Q5_1, 300),
    "shape-whisper-small.en": stt("small.en", blocks.Q8_0, 700),
    "starter-as-base.en": heard("base.en", 400),
    "starter-as-small.en": heard("small.en", 800),
    "shape-llm-0.6b": llm("0.6b", 1_900),
    "starter-as-0.6b": decides("0.6b", 900),
    "shape-llm-1.7b": llm("1.7b", 2_700),
    "shape-llm-4b": llm("4b", 4_500),
    "shape-piper-low": tts("low", 150),
    "shape-piper-medium": tts("medium", 150),
    "shape-piper-high": tts("high", 300),
}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(folder, name):
    kind, memory_mb, section, files, (about, licence, trusted) = SHAPES[name]
    manifest = (f'# {about} Made by scripts/train/shapes.\nname = "{name}"\n'
                f'kind = "{kind}"\nlicence = "{licence}"\nlanguages = ["en"]\nmemory_mb = {memory_mb}\n'
                'source = "scripts/train/shapes"\n')
    for suffix, write in files.items():
        path = folder / f"{name}{suffix}"
        beside = path.with_name(path.name + ".new")
        write(beside, np.random.Generator(np.random.SFC64(SEED)))
        beside.rename(path)
        manifest += f'\n[[files]]\npath = "{path.name}"\nsha256 = "{digest(path)}"\nbytes = {path.stat().st_size}\n'
    manifest += f'\n[trusted]\n{trusted}\n\n{section}'
    # Last: what has a manifest is complete.
    (folder / f"{name}.toml").write_text(manifest)


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(SHAPES)
    unknown = [name for name in names if name not in SHAPES]
    if unknown:
        sys.exit(f"shapes: there is no {', '.join(unknown)}; there are {', '.join(SHAPES)}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (folder / f"{name}.toml").exists():
            print(f"{name}: here already")
            continue
        make(folder, name)
        print(f"{name}: {sum(f.stat().st_size for f in folder.glob(f'{name}.*')) / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
