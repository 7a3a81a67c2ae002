import numpy as np

from hamaproto.gsm import DecoderBank, EncoderBank

sound = np.zeros((64, 8000), np.int16)  # a second of 64 streams
frames = EncoderBank(64).encode(sound)  # uint8 of shape (64, 50, 33)
samples = DecoderBank(64).decode(frames)
print(samples.shape, samples.dtype)  # (64, 8000) int16
