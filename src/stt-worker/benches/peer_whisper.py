"""whisper.cpp as the PyPI package pywhispercpp builds it, as the bench's peer. A line `POSITIONS
TOKENS FILE.wav` in, a line out when it is done; POSITIONS is whisper.cpp's audio_ctx, 0 for its default.
peer_whisper.py MODEL.bin; needs `pip install pywhispercpp`."""
import sys
import wave

import numpy as np
from pywhispercpp.model import Model

model = Model(sys.argv[1], redirect_whispercpp_logs_to=None, n_threads=1, language="en", print_progress=False,
              print_realtime=False, print_timestamps=False)
print(Model.system_info(), flush=True)
for line in sys.stdin:
    positions, tokens, path = line.split()
    with wave.open(path) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(np.float32) / 32_768
    # The same work as the worker's: one greedy pass without timestamps.
    model.transcribe(samples, audio_ctx=int(positions), max_tokens=int(tokens), no_timestamps=True, single_segment=True,
                     no_context=True, temperature=0.0, temperature_inc=0.0, suppress_blank=True, no_speech_thold=2.0)
    print("done", flush=True)
