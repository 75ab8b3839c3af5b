# SPDX-License-Identifier: Apache-2.0

"""Tokens per second and time to first token, against llama.cpp's own llama-server.

All servers run at the same time and are asked in turns, so that whatever else the machine does
meets all of them; each figure is the median over the rounds, each ratio the median of the
rounds' ratios.
"""

import contextlib
import json
import time

import common

STREAMS = (1, 4, 8)
PATH = "/v1/chat/completions"
REST = 0.6  # seconds until the threads of the server asked last have stopped spinning


def load(url, streams, requests, tokens):
    line = common.output(
        common.program("load"), url + PATH, str(streams), str(requests), str(tokens)
    )
    seen = json.loads(line)
    expected = requests * tokens
    common.need(seen["tokens"] == expected, f"{seen['tokens']} tokens instead of {expected}")
    return seen


def measure(urls, streams, requests, tokens, rounds):
    """{name: [what one round saw]}; the order turns with the rounds."""
    seen = {name: [] for name in urls}
    names = list(urls)
    for name in names:
        load(urls[name], streams, streams, tokens)
    for i in range(rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            time.sleep(REST)
            seen[name].append(load(urls[name], streams, requests, tokens))
    return seen


def figures(seen, name, base, member):
    ours = [r[member] for r in seen[name]]
    bare = [r[member] for r in seen[base]]
    ratio = common.median(a / b for a, b in zip(ours, bare))
    more = common.median(a - b for a, b in zip(ours, bare))
    return common.median(ours), common.median(bare), ratio, more


def report(table, seen, streams):
    base = "llama-server"
    for name in seen:
        if name == base:
            continue
        whole = name == "connect"
        rate, bare, ratio, _ = figures(seen, name, base, "tokens_per_second")
        table.row(
            f"{name}, {streams} streams: throughput ratio",
            ratio,
            "",
            least=0.97 if whole else None,
            note=f"{rate:.0f} tokens/s, llama-server {bare:.0f}",
        )
        first, bare, _, more = figures(seen, name, base, "first_token_ms")
        table.row(
            f"{name}, {streams} streams: first token later by",
            more,
            "ms",
            most=2 if whole else None,
            note=f"{first:.2f} ms, llama-server {bare:.2f}",
        )


def run_model(table, kind, tokens, requests, rounds):
    path = common.model(kind)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(common.serve(path))
        urls = {
            "llama-server": stack.enter_context(common.llama_server(path)).url,
            "serve": "https://" + server.address.removeprefix("tcp:"),
        }
        urls["connect"] = stack.enter_context(common.connect(server)).url
        for streams in STREAMS:
            seen = measure(urls, streams, requests * streams, tokens, rounds)
            report(table, seen, streams)


def run(table):
    table.head("Tokens through TLS (serve) and through connect and TLS, demo model (3.6M)")
    run_model(table, "endless", tokens=256, requests=4, rounds=7)
    table.head("The same with 79M random parameters")
    run_model(table, "random", tokens=64, requests=1, rounds=7)
