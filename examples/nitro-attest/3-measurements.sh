#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# 3-measurements.sh
#
# For whoever is to trust the enclave, on a machine of their own: measures enclave.eif, compares that
# with expected-measurements.json, and writes policy.json, which accepts this image and no other. Of
# the host that runs the enclave nothing is asked: it could say anything.
. "$(dirname "$0")/common.sh"

tacit eif verify --expect expected-measurements.json enclave.eif
python3 - <<'PYTHON' >policy.json
import json

with open("expected-measurements.json") as file:
    measured = json.load(file)["Measurements"]
print(json.dumps({
    "schema": "tacit.policy/1", "name": "the image of this tutorial", "max_age_seconds": 300,
    "alternatives": [{"platform": "nitro", "measurements": {
        name.lower(): measured[name] for name in ("PCR0", "PCR1", "PCR2", "PCR8")
        if name in measured}}]}, indent=2))
PYTHON
tacit policy check policy.json
