#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train the demo model on the CPU.

    python3 train.py CORPUS.jsonl WORK_DIR

Learns a byte-level BPE vocabulary first, then the model.  WORK_DIR receives
tokenizer.json, tokens-*.npy, log.txt and checkpoint.pt, from which a run that
was stopped goes on.  The batch of a step depends only on the seed and on the
number of the step.

The learning rate rises, stays, and falls to zero over the last --decay steps;
a checkpoint of the middle part can therefore be decayed at any time by running
again with a smaller --steps.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from model import Config, Model

SPECIAL = ["<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|pad|>"]
BOS, END = 0, 1

# How often a window of each kind of text is drawn.
WEIGHTS = {"book": 0.60, "passage": 0.12, "chat": 0.25, "story": 0.03}


def learn_vocabulary(rows, size, path):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    text = [r["text"] for r in rows if r["split"] == "train" and r["kind"] == "book"]
    text += [r["text"] for r in rows if r["kind"] == "chat"][:1500]
    for mark in SPECIAL:
        text = [t.replace(mark, "") for t in text]
    tok.train_from_iterator(text, trainer)
    assert tok.get_vocab_size() == size, tok.get_vocab_size()
    tok.save(str(path))


def pack(rows, tok, work):
    """One array of token ids for each kind; chats end with <|end|> themselves."""
    streams = {}
    for kind in (*WEIGHTS, "held"):
        texts = [r["text"] for r in rows
                 if (r["split"] == "held" if kind == "held" else
                     r["kind"] == kind and r["split"] == "train")]
        ids = []
        for enc in tok.encode_batch(texts):
            ids.append(BOS)
            ids.extend(enc.ids)
            if kind == "story":
                ids.append(END)
        streams[kind] = np.array(ids, dtype=np.uint16)
        np.save(work / f"tokens-{kind}.npy", streams[kind])
    return streams


def batch(streams, step, seed, count, length):
    rng = np.random.default_rng([seed, step])
    kinds = rng.choice(list(WEIGHTS), size=count, p=list(WEIGHTS.values()))
    rows = []
    for kind in kinds:
        data = streams[kind]
        at = rng.integers(0, len(data) - length - 1)
        rows.append(data[at:at + length + 1])
    ids = torch.from_numpy(np.stack(rows).astype(np.int64))
    return ids[:, :-1], ids[:, 1:]


@torch.no_grad()
def measure(model, data, length=512, most=48):
    """Mean loss in nats per token over consecutive windows."""
    count = min(most, (len(data) - 1) // length)
    total = 0.0
    for i in range(count):
        ids = torch.from_numpy(data[i * length:(i + 1) * length + 1].astype(np.int64))[None]
        total += F.cross_entropy(model(ids[:, :-1])[0], ids[0, 1:]).item()
    return total / count


def rate(step, args):
    return min(1.0, (step + 1) / args.warmup, (args.steps - step) / args.decay)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("corpus", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--steps", type=int, default=1050)
    ap.add_argument("--decay", type=int, default=225)
    ap.add_argument("--warmup", type=int, default=60)
    ap.add_argument("--until", type=int, help="stop here, short of --steps")
    ap.add_argument("--tokens", type=int, default=8192, help="tokens a step")
    ap.add_argument("--long", type=int, default=15, help="last steps, with the whole context")
    ap.add_argument("--matrix-lr", type=float, default=5e-3)
    ap.add_argument("--other-lr", type=float, default=3e-3)
    ap.add_argument("--seed", type=int, default=2026)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--save-every", type=int, default=25)
    args = ap.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.work.mkdir(parents=True, exist_ok=True)
    cfg = Config()

    rows = [json.loads(line) for line in args.corpus.open()]
    path = args.work / "tokenizer.json"
    if not path.exists():
        learn_vocabulary(rows, cfg.vocab, path)
    streams = pack(rows, Tokenizer.from_file(str(path)), args.work)

    log = (args.work / "log.txt").open("a", buffering=1)

    def say(*what):
        line = " ".join(map(str, what))
        print(line, flush=True)
        log.write(line + "\n")

    model = Model(cfg)
    say("parameters", model.parameters_count(),
        "tokens", {k: len(v) for k, v in streams.items()})

    # Muon for the matrices of the layers, AdamW for the embedding and the norms.
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    muon = torch.optim.Muon(matrices, lr=args.matrix_lr, weight_decay=0.05,
                            momentum=0.95, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(others, lr=args.other_lr, betas=(0.9, 0.95), weight_decay=0.0)

    saved, start, spent = args.work / "checkpoint.pt", 0, 0.0
    if saved.exists():
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        muon.load_state_dict(state["muon"])
        adam.load_state_dict(state["adam"])
        start, spent = state["step"], state["spent"]
        say("going on from step", start)

    @torch.compile(dynamic=False)
    def loss_of(x, y):
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten())

    def save(step):
        torch.save({"model": model.state_dict(), "muon": muon.state_dict(),
                    "adam": adam.state_dict(), "step": step, "spent": spent,
                    "config": vars(cfg)}, saved.with_suffix(".tmp"))
        saved.with_suffix(".tmp").replace(saved)

    smooth = None
    for step in range(start, args.until or args.steps):
        began = time.time()
        length = cfg.ctx if step >= args.steps - args.long else cfg.ctx // 2
        x, y = batch(streams, step, args.seed, args.tokens // length, length)
        for opt, base in ((muon, args.matrix_lr), (adam, args.other_lr)):
            for group in opt.param_groups:
                group["lr"] = base * rate(step, args)
        loss = loss_of(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in (muon, adam):
            opt.step()
            opt.zero_grad()
        smooth = loss.item() if smooth is None else 0.95 * smooth + 0.05 * loss.item()
        spent += time.time() - began
        if (step + 1) % 10 == 0:
            say(f"step {step + 1} loss {smooth:.3f} {spent:.0f} s "
                f"({time.time() - began:.2f} s a step)")
        if (step + 1) % args.save_every == 0 or step + 1 == args.steps:
            save(step + 1)
        if (step + 1) % 100 == 0 or step + 1 == args.steps:
            say(f"step {step + 1} held-out {measure(model, streams['held']):.4f}")


if __name__ == "__main__":
    main()
