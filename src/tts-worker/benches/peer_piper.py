"""The PyPI package piper-tts as the bench's peer: a line of text in, its seconds of speech
out. peer_piper.py MODEL.onnx; needs `pip install piper-tts`."""
import sys

import onnxruntime
from piper import PiperVoice

options = onnxruntime.SessionOptions()
# As the voice worker: one thread that does not spin.
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
voice = PiperVoice.load(sys.argv[1])
voice.session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
print("onnxruntime", onnxruntime.__version__, flush=True)
for line in sys.stdin:
    samples = sum(chunk.audio_int16_array.size for chunk in voice.synthesize(line.strip()))
    print(samples / voice.config.sample_rate, flush=True)
