#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn checked-out Standard Ebooks volumes into plain training documents.

    python3 corpus.py BOOKS_DIR OUT.jsonl

BOOKS_DIR holds one directory per line of books.txt (see README.md).  Each line
of OUT.jsonl is {"kind": ..., "split": ..., "text": ...}.  The kinds are:

    book   a passage of a few hundred words of a public-domain book
    story  a short tale put together by dialogue.py
    chat   a conversation in the chat format, either by dialogue.py or made out
           of a passage of a book ("Tell me about the river." / the passage)

One document in fifty of the book kind is held out for measuring.
"""

import argparse
import collections
import html
import json
import pathlib
import random
import re

import dialogue

SKIP = {"colophon", "halftitlepage", "imprint", "titlepage", "uncopyright",
        "loi", "endnotes", "dedication", "epigraph", "introduction", "preface"}

ASCII = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
    "\u2026": "...", "\u00a0": " ", "\u200a": "", "\u2009": "", "\u202f": " ",
    "\u2060": "", "\ufeff": "", "\u00ad": "", "\u00e6": "ae", "\u0153": "oe",
    "\u00e9": "e", "\u00e8": "e", "\u00ea": "e", "\u00eb": "e", "\u00e0": "a",
    "\u00e2": "a", "\u00f4": "o", "\u00f6": "o", "\u00fc": "u", "\u00ef": "i",
    "\u00ee": "i", "\u00e7": "c", "\u00f1": "n", "\u00e4": "a",
})

# Old books carry words that a demo should not repeat.  A paragraph with one of
# them is left out.
UNFIT = re.compile(r"nigg|negro|dark(?:e)?y\b|\bsavages?\b|\bjews?\b|\bgyps|\bwhores?\b", re.I)


def paragraphs(path):
    """The paragraphs of one XHTML chapter as plain ASCII lines."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"<a [^>]*epub:type=\"noteref\".*?</a>", "", text, flags=re.S)
    for body in re.findall(r"<p[ >].*?</p>", text, flags=re.S):
        if 'epub:type="title"' in body or "<table" in body:
            continue
        body = re.sub(r"<br\s*/>", " ", body)
        body = html.unescape(re.sub(r"<[^>]+>", "", body)).translate(ASCII)
        body = re.sub(r"\s*[\u2014\u2e3a]+\s*", " - ", body)
        body = re.sub(r"\s+", " ", body).strip()
        body = body.encode("ascii", "ignore").decode()
        if len(body) > 1 and not UNFIT.search(body):
            yield body


def chapters(book):
    """The chapters of one book, in a stable order, as lists of paragraphs."""
    key = lambda p: [int(s) if s.isdigit() else s for s in re.split(r"(\d+)", p.stem)]
    for path in sorted((book / "src/epub/text").glob("*.xhtml"), key=key):
        if path.stem in SKIP:
            continue
        lines = list(paragraphs(path))
        if sum(map(len, lines)) > 400:
            yield lines


def passages(lines, rng):
    """Cut a chapter into passages of some 800 to 3,000 characters."""
    out, size, limit = [], 0, rng.randint(800, 3000)
    for line in lines:
        out.append(line)
        size += len(line)
        if size > limit:
            yield "\n\n".join(out)
            out, size, limit = [], 0, rng.randint(800, 3000)
    if size > 200:
        yield "\n\n".join(out)


WORD = re.compile(r"[a-z]{3,}")

ABOUT = ["Tell me about {}.", "Write something about {}.", "Tell me a story about {}.",
         "Write a short passage about {}.", "What can you tell me about {}?",
         "Describe {}.", "I would like to hear about {}.", "Say something about {}."]
GO_ON = ["Continue this story: {}", "Go on from here: {}", "What happens next? {}",
         "Finish this passage: {}"]


def passage_chats(docs, rng):
    """Conversations whose answers are the books' own paragraphs.

    A paragraph is taken to be about a word when it names it at least twice and
    the word is neither common nor rare in the whole.
    """
    count = collections.Counter()
    for text in docs:
        count.update(set(re.findall(r"\bthe ([a-z]{3,})\b", text)))
    topics = {w for w, n in count.items() if n >= 12} - dialogue.STOP
    for text in docs:
        paras = [p for p in text.split("\n\n") if 120 < len(p) < 900]
        for para in paras:
            here = collections.Counter(re.findall(r"\bthe ([a-z]{3,})\b", para))
            best = [w for w, n in here.items() if n >= 2 and w in topics]
            if best and rng.random() < 0.6:
                word = rng.choice(best)
                yield rng.choice(ABOUT).format("the " + word), para
            elif para[0] != '"' and rng.random() < 0.08:
                cut = re.split(r"(?<=[a-z][.!?]) (?=[A-Z])", para)
                if len(cut) >= 3 and not re.search(r"\b(Mrs?|Dr|St)\.$", cut[0]):
                    yield rng.choice(GO_ON).format(cut[0]), " ".join(cut[1:])


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("books", type=pathlib.Path)
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--seed", type=int, default=2026)
    args = ap.parse_args()
    rng = random.Random(args.seed)

    here = pathlib.Path(__file__).resolve().parent
    names = [l.split()[0] for l in (here / "books.txt").read_text().splitlines()
             if l.strip() and not l.startswith("#")]
    docs = []
    for name in names:
        before = sum(map(len, docs))
        for lines in chapters(args.books / name):
            docs.extend(passages(lines, rng))
        size = sum(map(len, docs)) - before
        if not size:
            raise SystemExit(f"{name}: no text found under {args.books}")
        print(f"{size:9d} {name}")
    rng.shuffle(docs)
    held, kept = docs[::50], [d for i, d in enumerate(docs) if i % 50]

    rows = [("book", "train", d) for d in kept] + [("book", "held", d) for d in held]
    rows += [("story", "train", s) for s in dialogue.stories(rng, 3000)]
    chats = [dialogue.render([("user", q), ("assistant", a)])
             for q, a in passage_chats(kept, rng)]
    print(f"{len(chats)} conversations out of passages")
    rows += [("passage", "train", c) for c in chats]
    rows += [("chat", "train", c) for c in dialogue.chats(rng, 12000)]
    with args.out.open("w") as f:
        for kind, split, text in rows:
            f.write(json.dumps({"kind": kind, "split": split, "text": text}) + "\n")
    total = collections.Counter()
    for kind, split, text in rows:
        total[kind, split] += len(text)
    for key, size in sorted(total.items()):
        print(*key, size, "characters")


if __name__ == "__main__":
    main()
