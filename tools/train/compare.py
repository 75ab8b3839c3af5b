#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Set the logits of model.py beside those of llama.cpp for a few texts.

    python3 compare.py WORK_DIR MODEL.gguf LOGITS_PROGRAM

LOGITS_PROGRAM is logits.c, built against llama.cpp (see README.md).
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from tokenizers import Tokenizer

from model import Config, Model
from train import BOS

TEXTS = [
    "Once upon a time there was a king who had a daughter.",
    "<|user|>\nWhat does an enclave prove?<|end|>\n<|assistant|>\n",
    "It's 42 o'clock -- \"Don't!\" she cried;\n\n  caf\u00e9, na\u00efve, \u65e5\u672c, \U0001f30a\t...",
    " ".join(["The old man walked along the road and looked at the sea."] * 20),
]


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("gguf", type=pathlib.Path)
    ap.add_argument("program", type=pathlib.Path)
    args = ap.parse_args()
    tok = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    state = torch.load(args.work / "checkpoint.pt", map_location="cpu")
    model = Model(Config(**state["config"])).eval()
    model.load_state_dict(state["model"])
    for text in TEXTS:
        with tempfile.NamedTemporaryFile() as out:
            run = subprocess.run([args.program.resolve(), args.gguf, text, out.name],
                                 check=True, capture_output=True, text=True)
            theirs = np.fromfile(out.name, dtype=np.float32)
        ids = [BOS] + tok.encode(text).ids
        if ids != [int(i) for i in run.stdout.split()]:
            raise SystemExit(f"the token ids differ for {text!r}:\n{ids}\n{run.stdout}")
        with torch.no_grad():
            ours = model(torch.tensor([ids]))[0].numpy()
        theirs = theirs.reshape(ours.shape)
        same = (ours.argmax(-1) == theirs.argmax(-1)).mean()
        print(f"{len(ids):4d} tokens, logits differ by {np.abs(ours - theirs).max():.2e} at most"
              f" (they reach {np.abs(ours).max():.1f}), same first choice {same:.1%}")


if __name__ == "__main__":
    main()
