# SPDX-License-Identifier: Apache-2.0
# Read by the scripts of this folder: where things are, and how they fail.
set -eu

here=$(dirname "$(readlink -f "$0")")
tree=$(dirname "$(dirname "$here")")
client=$here/../nitro-decrypt/client.py

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

program=$(command -v tacit) || die "tacit is not in PATH"
bin=$(dirname "$(readlink -f "$program")")

# member FILE NAME: one value of an object in a file.
member() {
	python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))[sys.argv[2]]
print(value if isinstance(value, str) else json.dumps(value))' "$1" "$2"
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

loudly_emulated() {
	echo "=================================================================================" >&2
	echo "EMULATED: this is NO TEE. Documents are signed under a test root, whose key is on" >&2
	echo "this machine, and prove nothing to anybody." >&2
	echo "=================================================================================" >&2
}
