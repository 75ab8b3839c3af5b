# SPDX-License-Identifier: Apache-2.0
"""all-MiniLM-L6-v2 as GGUF with nothing but Python's library, for machines without the packages
that the real converter needs. Only for this one model, and only for tests."""

import json
import os
import struct

NAMES = [
    ("embeddings.word_embeddings.", "token_embd."),
    ("embeddings.position_embeddings.", "position_embd."),
    ("embeddings.token_type_embeddings.", "token_types."),
    ("embeddings.LayerNorm.", "token_embd_norm."),
    ("encoder.layer.", "blk."),
    ("attention.self.query.", "attn_q."),
    ("attention.self.key.", "attn_k."),
    ("attention.self.value.", "attn_v."),
    ("attention.output.dense.", "attn_output."),
    ("attention.output.LayerNorm.", "attn_output_norm."),
    ("intermediate.dense.", "ffn_up."),
    ("output.dense.", "ffn_down."),
    ("output.LayerNorm.", "layer_output_norm."),
]
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NORMAL, CONTROL = 1, 3


def text(s):
    raw = s.encode()
    return struct.pack("<Q", len(raw)) + raw


def pair(key, kind, value):
    forms = {UINT32: "<I", FLOAT32: "<f", BOOL: "<?"}
    body = text(value) if kind == STRING else struct.pack(forms[kind], value)
    return text(key) + struct.pack("<I", kind) + body


def array(key, kind, items):
    body = b"".join(text(i) if kind == STRING else struct.pack("<i", i) for i in items)
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(items)) + body


def vocabulary(folder):
    """WordPiece as llama.cpp wants it: word starts are marked, continuations are not."""
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as f:
        words = [line.rstrip("\n") for line in f]
    tokens, kinds = [], []
    for word in words:
        special = word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        kinds.append(CONTROL if special else NORMAL)
        if not special:
            word = word[2:] if word.startswith("##") else "\u2581" + word
        tokens.append(word)
    return tokens, kinds


def metadata(folder):
    with open(os.path.join(folder, "config.json")) as f:
        c = json.load(f)
    tokens, kinds = vocabulary(folder)
    return [
        pair("general.architecture", STRING, "bert"),
        pair("general.name", STRING, "all-MiniLM-L6-v2"),
        pair("bert.block_count", UINT32, c["num_hidden_layers"]),
        pair("bert.context_length", UINT32, c["max_position_embeddings"]),
        pair("bert.embedding_length", UINT32, c["hidden_size"]),
        pair("bert.feed_forward_length", UINT32, c["intermediate_size"]),
        pair("bert.attention.head_count", UINT32, c["num_attention_heads"]),
        pair("bert.attention.layer_norm_epsilon", FLOAT32, c["layer_norm_eps"]),
        pair("bert.attention.causal", BOOL, False),
        pair("bert.pooling_type", UINT32, 1),
        pair("tokenizer.ggml.model", STRING, "bert"),
        pair("tokenizer.ggml.pre", STRING, "jina-v2-en"),
        pair("tokenizer.ggml.token_type_count", UINT32, c["type_vocab_size"]),
        array("tokenizer.ggml.tokens", STRING, tokens),
        array("tokenizer.ggml.token_type", INT32, kinds),
        pair("tokenizer.ggml.bos_token_id", UINT32, 101),
        pair("tokenizer.ggml.eos_token_id", UINT32, 102),
        pair("tokenizer.ggml.unknown_token_id", UINT32, 100),
        pair("tokenizer.ggml.seperator_token_id", UINT32, 102),
        pair("tokenizer.ggml.padding_token_id", UINT32, 0),
        pair("tokenizer.ggml.mask_token_id", UINT32, 103),
        pair("tokenizer.ggml.add_bos_token", BOOL, True),
        pair("tokenizer.ggml.add_eos_token", BOOL, True),
    ]


def rename(name):
    for old, new in NAMES:
        name = name.replace(old, new)
    return name


def tensors(folder):
    """Name, shape and bytes of every F32 tensor the engine wants."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        raw = f.read()
    size, = struct.unpack("<Q", raw[:8])
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name.startswith(("__metadata__", "pooler.")) or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        yield rename(name), entry["shape"], raw[8 + size + begin:8 + size + end]


def convert(folder, path):
    pairs = metadata(folder)
    infos, data, at = [], [], 0
    for name, shape, raw in tensors(folder):
        dims = b"".join(struct.pack("<Q", n) for n in reversed(shape))
        infos.append(text(name) + struct.pack("<I", len(shape)) + dims +
                     struct.pack("<IQ", 0, at))
        raw += b"\0" * (-len(raw) % 32)
        data.append(raw)
        at += len(raw)
    head = (b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs)) + b"".join(pairs) +
            b"".join(infos))
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % 32))
        f.writelines(data)
