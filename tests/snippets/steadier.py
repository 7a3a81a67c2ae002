from hamaproto import captures
from hamaproto.captures.statistics import Figures

for name in ("old-firmware.pcap", "new-firmware.pcap"):
    figures = Figures()
    with captures.open(name) as capture:
        for seen in capture:
            figures.take(seen)
    for stream in figures.report()["streams"]:
        if stream["kind"] == "pictures":
            print(name, stream["jitter"]["mean"], stream["freezes"]["count"], stream["missing"])
