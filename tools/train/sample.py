#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let a checkpoint write: python3 sample.py WORK_DIR [--chat] PROMPT..."""

import argparse
import pathlib

import torch
from tokenizers import Tokenizer

from model import Config, Model
from train import BOS, END


@torch.no_grad()
def write(model, ids, count, heat, top):
    for _ in range(count):
        logits = model(torch.tensor([ids[-model.cfg.ctx:]]))[0, -1]
        if heat <= 0:
            ids.append(int(logits.argmax()))
        else:
            best = torch.topk(logits / heat, top)
            pick = torch.multinomial(best.values.softmax(0), 1)
            ids.append(int(best.indices[pick]))
        if ids[-1] == END:
            break
    return ids


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("prompt", nargs="+")
    ap.add_argument("--chat", action="store_true")
    ap.add_argument("--count", type=int, default=120)
    ap.add_argument("--heat", type=float, default=0.7)
    ap.add_argument("--top", type=int, default=40)
    args = ap.parse_args()
    torch.manual_seed(1)
    tok = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    state = torch.load(args.work / "checkpoint.pt", map_location="cpu")
    model = Model(Config(**state["config"])).eval()
    model.load_state_dict(state["model"])
    for prompt in args.prompt:
        if args.chat:
            prompt = f"<|user|>\n{prompt}<|end|>\n<|assistant|>\n"
        ids = [BOS] + tok.encode(prompt).ids
        out = write(model, list(ids), args.count, args.heat, args.top)
        print("---", prompt)
        print(tok.decode(out[len(ids):]))


if __name__ == "__main__":
    main()
