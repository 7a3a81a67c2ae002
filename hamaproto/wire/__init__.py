"""Bytes to events and back: no socket, no clock, no thread, no file."""

from hamaproto.wire.mjpeg import MjpegParser

__all__ = ["MjpegParser"]
