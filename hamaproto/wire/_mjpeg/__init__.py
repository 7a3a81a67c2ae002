"""The compiled twin of `hamaproto.wire.mjpeg`: nothing but what `setup.py` builds from it."""
