import numpy as np

from hamaproto.gsm import DecoderBank, Encoder

second = Encoder().encode(bytes(8000 * 2))  # 50 frames of 33 bytes
frames = np.frombuffer(second * 64, np.uint8).reshape(64, 50, 33)
bank = DecoderBank(64)
samples = bank.decode(frames)
print(samples.shape, samples.dtype)  # (64, 8000) int16
