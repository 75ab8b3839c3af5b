# SPDX-License-Identifier: Apache-2.0

"""Memory of tacit serve beside the engine alone, with nothing to do, with many open streams and
with thousands of idle connections."""

import resource
import socket
import ssl
import time

import common

STREAMS = 200
CONNECTIONS = 2000
BODY = (
    b'{"model":"m","stream":true,"temperature":0,"max_tokens":800,'
    b'"messages":[{"role":"user","content":"Tell me a long story about the sea."}]}'
)
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEMORY = ("RssAnon", "RssFile", "RssShmem")


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def dial(server, context):
    host, port = server.address.removeprefix("tcp:").rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), 30))


def is_open(connection):
    """True when the server has not closed it; session tickets may wait to be read."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
        return False
    except (ssl.SSLWantReadError, BlockingIOError):
        return True
    except OSError:
        return False
    finally:
        connection.setblocking(True)


def ask_health(connection):
    connection.sendall(HEALTH)
    return connection.recv(4096).startswith(b"HTTP/1.1 200")


def engine_alone(path):
    command = [common.program("engine_alone"), path, common.CONTEXT, common.SLOTS, common.THREADS]
    return common.Process("engine", command, lambda p: "ready" in p.text(), keep_input=True)


def idle(table, path):
    with engine_alone(path) as engine:
        time.sleep(0.5)
        bare = {f: engine.status(f) for f in MEMORY}
    with common.serve(path) as server:
        time.sleep(1.5)
        ours = {f: server.status(f) for f in MEMORY}
    table.row(
        "serve, idle, beyond the engine alone",
        (sum(ours.values()) - sum(bare.values())) / 1024,
        "MB",
        most=16,
        note=f"{sum(ours.values()) / 1024:.1f} MB, engine {sum(bare.values()) / 1024:.1f}",
    )
    for field in MEMORY:
        table.row(
            f"    of it {field}", (ours[field] - bare[field]) / 1024, "MB",
            note=f"{ours[field] / 1024:.1f} MB, engine {bare[field] / 1024:.1f}",
        )


def finish(connections):
    for connection in connections:
        connection.close()


def streams(table, path):
    """The slots are filled first, so that what the engine itself touches is not counted."""
    context = tls()
    with common.serve(path, "--queue", STREAMS + common.SLOTS) as server:
        running = [dial(server, context) for _ in range(common.SLOTS)]
        for connection in running:
            connection.sendall(REQUEST)
        for connection in running:
            common.need(connection.recv(4096).startswith(b"HTTP/1.1 200"), "a stream fails")
        time.sleep(1)
        before = server.status(*MEMORY)
        more = [dial(server, context) for _ in range(STREAMS)]
        for connection in more:
            connection.sendall(REQUEST)
        time.sleep(1)
        after = server.status(*MEMORY)
        common.need(all(is_open(c) for c in more), "a stream was cut")
        finish(running + more)
    table.row(
        "serve, one more open stream",
        (after - before) / STREAMS,
        "KB",
        most=200,
        note=f"{STREAMS} more, {common.SLOTS} of them running at a time",
    )


def connections(table, path):
    context = tls()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 256), hard))
    with common.serve(path) as server:
        common.need(ask_health(dial(server, context)), "the server is not healthy")
        before = server.status(*MEMORY)
        start = time.monotonic()
        held = [dial(server, context) for _ in range(CONNECTIONS)]
        seconds = time.monotonic() - start
        time.sleep(2)
        after = server.status(*MEMORY)
        alive = sum(is_open(c) for c in held)
        common.need(ask_health(held[0]) and ask_health(held[-1]), "a held connection is dead")
        finish(held)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    table.row("idle connections held", alive, "", least=CONNECTIONS,
              note=f"opened in {seconds:.1f} s")
    table.row("serve, one more idle connection", (after - before) / CONNECTIONS, "KB")


def run(table):
    path = common.model("endless")
    table.head("Memory of serve")
    idle(table, path)
    streams(table, common.model("random"))
    connections(table, path)
