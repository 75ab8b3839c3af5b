#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Models to measure with, made from the demo model; nothing but Python's own library.

    model.py endless DEMO OUT   the demo model's weights, but nothing ends an answer, so that every
                                server under comparison makes the same number of tokens
    model.py random DEMO OUT    80 million random parameters (Q8_0) behind the demo's vocabulary:
                                the size of model at which a token costs milliseconds
"""

import random
import struct
import sys

STRING, ARRAY, U32, F32, BOOL = 8, 9, 4, 6, 7
FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPE_F32, TYPE_Q8_0 = 0, 8
Q8_BLOCK = 32  # weights of one block: an f16 scale and 32 signed bytes
ALIGN = 32

END_TEXT, OTHER_TEXT = b"<|end|>", b"<|fin|>"  # llama.cpp knows the first as an end by its name


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def one(self, fmt):
        (value,) = struct.unpack_from("<" + fmt, self.data, self.at)
        self.at += struct.calcsize("<" + fmt)
        return value

    def text(self):
        n = self.one("Q")
        self.at += n
        return self.data[self.at - n : self.at]

    def value(self, kind):
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            inner, n = self.one("I"), self.one("Q")
            return inner, [self.value(inner) for _ in range(n)]
        return self.one(FIXED[kind])


def read(path):
    """Metadata as {name: (type, value)} and tensors as [(name, dims, type, bytes)]."""
    with open(path, "rb") as f:
        r = Reader(f.read())
    if r.data[:4] != b"GGUF" or struct.unpack_from("<I", r.data, 4)[0] != 3:
        sys.exit(f"model.py: {path} is no GGUF version 3")
    r.at = 8
    tensor_count, meta_count = r.one("Q"), r.one("Q")
    meta = {}
    for _ in range(meta_count):
        name, kind = r.text().decode(), r.one("I")
        meta[name] = (kind, r.value(kind))
    heads = []
    for _ in range(tensor_count):
        name = r.text().decode()
        dims = [r.one("Q") for _ in range(r.one("I"))]
        heads.append((name, dims, r.one("I"), r.one("Q")))
    start = (r.at + ALIGN - 1) // ALIGN * ALIGN
    return meta, [
        (name, dims, kind, r.data[start + at : start + at + size_of(dims, kind)])
        for name, dims, kind, at in heads
    ]


def size_of(dims, kind):
    count = 1
    for n in dims:
        count *= n
    if kind == TYPE_F32:
        return count * 4
    if kind == TYPE_Q8_0:
        return count // Q8_BLOCK * (Q8_BLOCK + 2)
    sys.exit(f"model.py: tensors of type {kind} are not expected in the demo model")


def put_value(kind, value):
    if kind == STRING:
        return struct.pack("<Q", len(value)) + value
    if kind == ARRAY:
        inner, items = value
        return struct.pack("<IQ", inner, len(items)) + b"".join(put_value(inner, i) for i in items)
    return struct.pack("<" + FIXED[kind], value)


def write(path, meta, tensors):
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta))
    for name, (kind, value) in meta.items():
        head += put_value(STRING, name.encode()) + struct.pack("<I", kind) + put_value(kind, value)
    at = 0
    for name, dims, kind, data in tensors:
        head += put_value(STRING, name.encode()) + struct.pack("<I", len(dims))
        head += b"".join(struct.pack("<Q", n) for n in dims) + struct.pack("<IQ", kind, at)
        at += (len(data) + ALIGN - 1) // ALIGN * ALIGN
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % ALIGN))
        for *_, data in tensors:
            f.write(data + bytes(-len(data) % ALIGN))


def without_end(meta, name):
    """The token that ends an answer gets another name, and another token its office."""
    meta = dict(meta)
    kind, (inner, tokens) = meta["tokenizer.ggml.tokens"]
    never = tokens.index(b"<|pad|>")
    tokens = [OTHER_TEXT if t == END_TEXT else t for t in tokens]
    meta["tokenizer.ggml.tokens"] = kind, (inner, tokens)
    kind, template = meta["tokenizer.chat_template"]
    meta["tokenizer.chat_template"] = kind, template.replace(END_TEXT, OTHER_TEXT)
    meta["tokenizer.ggml.eos_token_id"] = U32, never
    meta["tokenizer.ggml.eot_token_id"] = U32, never
    meta["general.name"] = STRING, name
    return meta


def endless(meta, tensors):
    return without_end(meta, b"bench-demo"), tensors


def noise(rng, dims, spread):
    """Q8_0 blocks of evenly spread weights whose standard deviation is `spread`."""
    scale = struct.pack("<e", spread / 73.9)  # the bytes' own deviation
    count = size_of(dims, TYPE_Q8_0) // (Q8_BLOCK + 2)
    raw = rng.randbytes(count * Q8_BLOCK)
    out = bytearray()
    for i in range(0, len(raw), Q8_BLOCK):
        out += scale
        out += raw[i : i + Q8_BLOCK]
    return bytes(out)


def silence(weights, dims, rows):
    """Zeros the rows of `rows`: their tokens are never the likeliest."""
    row = size_of(dims[:1], TYPE_Q8_0)
    out = bytearray(weights)
    for i in rows:
        out[i * row : (i + 1) * row] = bytes(row)
    return bytes(out)


def random_model(meta, _):
    width, layers, inner, heads, kv_heads = 768, 12, 2048, 6, 2
    meta = without_end(meta, b"bench-random")
    tokens = meta["tokenizer.ggml.tokens"][1][1]
    vocab = len(tokens)
    kv = width // heads * kv_heads
    for name, value in {
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
        "rope.dimension_count": width // heads,
    }.items():
        meta["llama." + name] = U32, value
    meta["general.size_label"] = STRING, b"79M"

    rng = random.Random(1)
    ones = struct.pack("<f", 1.0) * width
    tensors = []

    def matrix(name, *dims):
        tensors.append((name, dims, TYPE_Q8_0, noise(rng, dims, 0.02)))

    matrix("token_embd.weight", width, vocab)
    for i in range(layers):
        block = f"blk.{i}."
        tensors.append((block + "attn_norm.weight", (width,), TYPE_F32, ones))
        matrix(block + "attn_q.weight", width, width)
        matrix(block + "attn_k.weight", width, kv)
        matrix(block + "attn_v.weight", width, kv)
        matrix(block + "attn_output.weight", width, width)
        tensors.append((block + "ffn_norm.weight", (width,), TYPE_F32, ones))
        matrix(block + "ffn_gate.weight", width, inner)
        matrix(block + "ffn_up.weight", width, inner)
        matrix(block + "ffn_down.weight", inner, width)
    tensors.append(("output_norm.weight", (width,), TYPE_F32, ones))
    # Only tokens of plain ASCII, so that each token is an event of its own: a character that
    # lacks its last bytes waits for them.
    odd = [i for i, t in enumerate(tokens) if i < 6 or not is_plain(t)]
    dims = (width, vocab)
    tensors.append(("output.weight", dims, TYPE_Q8_0, silence(noise(rng, dims, 0.02), dims, odd)))
    return meta, tensors


def is_plain(token):
    text = token.decode().replace("\u0120", " ")  # how byte-level vocabularies write a space
    return text.isascii() and text.isprintable()


def main():
    kinds = {"endless": endless, "random": random_model}
    if len(sys.argv) != 4 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    write(sys.argv[3], *kinds[sys.argv[1]](*read(sys.argv[2])))


if __name__ == "__main__":
    main()
