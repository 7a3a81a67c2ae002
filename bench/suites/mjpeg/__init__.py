"""The MJPEG parser beside everybody else who reads such streams from Python."""
