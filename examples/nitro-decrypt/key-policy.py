#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""key-policy.py MEASUREMENTS >POLICY: key-policy.json with the registers of an image that is signed,
as `tacit eif build` and nitro-cli print them."""

import json
import os
import re
import sys


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1]) as file:
        held = json.load(file)["Measurements"]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "key-policy.json")) as file:
        policy = file.read()
    for name in sorted(set(re.findall("@(PCR[0-9]+)@", policy))):
        value = held.get(name, "")
        # A key that zeros open is open to every enclave in debug mode.
        if not re.fullmatch("[0-9a-f]{96}", value) or set(value) == {"0"}:
            print(f"key-policy: {sys.argv[1]} has no {name}"
                  + (": the image is not signed" if name == "PCR8" else ""), file=sys.stderr)
            return 3
        policy = policy.replace(f"@{name}@", value)
    print(policy, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
