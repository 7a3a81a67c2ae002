from hamaproto import Frame, captures

with captures.open("door.pcap") as capture:
    for seen in capture:
        if isinstance(seen.event, Frame):
            print(seen.exchange.number, seen.last.time, seen.last.packet, seen.event.complete)
