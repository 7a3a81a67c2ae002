"""Many streams at a time: a camera of sockets that costs little, and those who read from it."""
