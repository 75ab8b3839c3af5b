#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write a checkpoint of train.py as a GGUF file for llama.cpp.

    python3 export.py WORK_DIR OUT.gguf [--type q8_0|f32] [--check]

With --check the file is read back, its weights are made float again, and the
held-out loss of the checkpoint and of the file are printed side by side.
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
import torch

from model import Config, Model
from train import BOS, END, SPECIAL, measure

# The common "phi-3" form: llama.cpp knows it with and without a jinja engine.
# The tokenizer adds the <|bos|>, so the template does not.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")

DESCRIPTION = ("A very small English language model trained from scratch on public-domain "
               "books and hand-written dialogue, for the demo and the tests of Tacit.")

NAMES = {"attn_norm": "attn_norm", "wq": "attn_q", "wk": "attn_k", "wv": "attn_v",
         "wo": "attn_output", "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up",
         "down": "ffn_down"}


def gguf_name(name):
    """layers.3.wq.weight -> blk.3.attn_q.weight"""
    if name == "embed.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, number, part, _ = name.split(".")
    return f"blk.{number}.{NAMES[part]}.weight"


def write(path, cfg, weights, tokenizer, kind):
    vocab = tokenizer["model"]["vocab"]
    tokens = [t for t, _ in sorted(vocab.items(), key=lambda item: item[1])]
    assert len(tokens) == cfg.vocab and tokens[:len(SPECIAL)] == SPECIAL
    merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]
    types = [gguf.TokenType.CONTROL if t in SPECIAL else gguf.TokenType.NORMAL for t in tokens]

    w = gguf.GGUFWriter(path, "llama")
    w.add_name("tacit-demo")
    w.add_author("Tacit contributors")
    w.add_description(DESCRIPTION)
    w.add_license("CC0-1.0")
    w.add_languages(["en"])
    w.add_size_label(f"{sum(v.numel() for v in weights.values()) / 1e6:.1f}M")
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if kind == "q8_0"
                    else gguf.LlamaFileType.ALL_F32)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)
    w.add_vocab_size(cfg.vocab)
    w.add_context_length(cfg.ctx)
    w.add_embedding_length(cfg.dim)
    w.add_block_count(cfg.layers)
    w.add_feed_forward_length(cfg.ff)
    w.add_head_count(cfg.heads)
    w.add_head_count_kv(cfg.kv_heads)
    w.add_layer_norm_rms_eps(cfg.eps)
    w.add_rope_dimension_count(cfg.head_dim)
    w.add_rope_freq_base(cfg.rope_base)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_bos_token_id(BOS)
    w.add_eos_token_id(END)
    w.add_eot_token_id(END)
    w.add_pad_token_id(SPECIAL.index("<|pad|>"))
    w.add_add_bos_token(True)
    w.add_add_eos_token(False)
    w.add_add_space_prefix(False)
    w.add_chat_template(CHAT_TEMPLATE)

    q8 = gguf.GGMLQuantizationType.Q8_0
    for name, value in weights.items():
        data = value.float().numpy()
        if kind == "q8_0" and data.ndim == 2:
            w.add_tensor(gguf_name(name), gguf.quants.quantize(data, q8), raw_dtype=q8)
        else:
            w.add_tensor(gguf_name(name), data)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def read(path, weights):
    """The weights of a written file as float tensors under the model's names."""
    found = {t.name: t for t in gguf.GGUFReader(path).tensors}
    out = {}
    for name, value in weights.items():
        t = found[gguf_name(name)]
        data = gguf.quants.dequantize(t.data, t.tensor_type)
        out[name] = torch.from_numpy(np.array(data, dtype=np.float32)).reshape(value.shape)
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--type", choices=("q8_0", "f32"), default="q8_0")
    ap.add_argument("--check", action="store_true")
    args = ap.parse_args()
    torch.set_num_threads(2)

    state = torch.load(args.work / "checkpoint.pt", map_location="cpu")
    cfg, weights = Config(**state["config"]), state["model"]
    tokenizer = json.loads((args.work / "tokenizer.json").read_text())
    write(args.out, cfg, weights, tokenizer, args.type)
    print(f"{args.out}: step {state['step']}, {args.out.stat().st_size} bytes")

    if args.check:
        held = np.load(args.work / "tokens-held.npy")
        seen = np.load(args.work / "tokens-book.npy")
        model = Model(cfg).eval()
        for what, values in (("checkpoint", weights), ("file", read(args.out, weights))):
            model.load_state_dict(values)
            print(f"{what}: held-out {measure(model, held, most=120):.4f}"
                  f" training books {measure(model, seen, most=120):.4f} nats a token")


if __name__ == "__main__":
    main()
