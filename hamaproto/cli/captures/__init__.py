"""The commands for captured traffic: what is in it, its frames, what can be taken out, its figures.

    source      a file or a pipe, read with a bar, until a signal or damage ends it
    inspect     what is in it, in words
    frames      a row for each frame: JSON Lines, CSV, Parquet
    extract     pictures, sound, video and lists, as files
    stats       figures, as a table or as JSON
    report      figures and plots, as a page
    archive     many files, a row each
    dissector   hama.lua, for Wireshark
    capture     a live stream into a file; recorder, what listens
    replay      a file as a camera; player, what answers

What stands in a capture is data: it does nothing on a terminal, and logins stay out of what is
shown unless `--secrets` asks for them.
"""
