"""`hamaproto dissector > hama.lua`: what Wireshark and tshark need to show these streams."""

from __future__ import annotations

from importlib.resources import files

import click

from hamaproto.cli.plain import print_line

__all__ = ["dissector"]


@click.command()
def dissector() -> None:
    """Print a dissector for Wireshark and tshark, in Lua.

    It shows parts with their frame numbers and lengths, GSM frames, discovery (UDP 13364) and the
    private port (TCP 4321). Put it into Wireshark's folder of plugins, or:

    \b
    hamaproto dissector > hama.lua
    tshark -X lua_script:hama.lua -o hama.ports:80 -r x.pcapng -Y hama -T fields -e hama.frame
    """
    text = (files("hamaproto.cli.captures") / "hama.lua").read_text(encoding="utf-8")
    print_line(text.rstrip("\n"))
