#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host that forwards bytes and keeps a copy, to show what a host can see.

    forward.py UPSTREAM_HOST:PORT CAPTURE      prints "listening PORT", serves until it is killed
    forward.py --report CAPTURE TEXT...        what the capture holds, and whether any TEXT is in it
"""
import asyncio
import collections
import signal
import sys

RECORD_TYPES = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data"}


async def pump(reader, writer, capture):
    try:
        while data := await reader.read(65536):
            capture.write(data)
            capture.flush()
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def forward(upstream, path):
    host, port = upstream.rsplit(":", 1)
    connections = 0

    async def on_client(reader, writer):
        nonlocal connections
        number = connections
        connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        with open(f"{path}.{number}.up", "wb") as up, open(f"{path}.{number}.down", "wb") as down:
            await asyncio.gather(pump(reader, up_writer, up), pump(up_reader, writer, down))

    server = await asyncio.start_server(on_client, "127.0.0.1", 0)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
    server.close()


def records(data):
    """Splits a byte stream into TLS records; yields (type, length), type None for what is none."""
    at = 0
    while at + 5 <= len(data):
        kind, version = data[at], data[at + 1:at + 3]
        length = int.from_bytes(data[at + 3:at + 5], "big")
        if kind not in RECORD_TYPES or version not in (b"\x03\x01", b"\x03\x03"):
            yield None, len(data) - at
            return
        yield kind, length
        at += 5 + length


def report(path, texts):
    import glob

    counts = collections.Counter()
    total = 0
    found = []
    names = sorted(glob.glob(path + ".*.up") + glob.glob(path + ".*.down"))
    for name in names:
        with open(name, "rb") as file:
            data = file.read()
        total += len(data)
        for kind, _ in records(data):
            counts[RECORD_TYPES.get(kind, "NOT TLS")] += 1
        found += [text for text in texts if text and text.encode() in data]
    print(f"the host forwarded {total} bytes on {len(names) // 2} connections:")
    for kind, count in counts.most_common():
        print(f"  {count:4} TLS records of type '{kind}'" if kind != "NOT TLS"
              else f"  {count:4} pieces that are NOT TLS")
    for text in found:
        print(f"  IT SAW: {text!r}")
    if not found:
        print("  nothing of the prompt or the answer is in them")
    return 1 if found or counts["NOT TLS"] or not names else 0


def main():
    if len(sys.argv) >= 3 and sys.argv[1] == "--report":
        return report(sys.argv[2], sys.argv[3:])
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    asyncio.run(forward(sys.argv[1], sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
