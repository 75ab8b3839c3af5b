#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Converts a model folder (config.json, tokenizer, *.safetensors in BF16, F16 or F32) to GGUF
# with llama.cpp's own converter, from the same pinned source as the engine.
#
#     tools/import/import.sh [--type f32|f16|bf16|q8_0|auto] [--name NAME] [--run-code]
#                            DIR [OUT.gguf]
#
# OUT is DIR's name with .gguf in the current folder unless given. The converter is Python and
# needs torch and transformers, which Tacit does not install by itself:
#
#     python3 -m venv ~/tacit-import
#     ~/tacit-import/bin/pip install torch transformers sentencepiece protobuf
#     TACIT_PYTHON=~/tacit-import/bin/python tacit model import DIR
#
# $TACIT_PYTHON names the interpreter (python3 otherwise). $TACIT_CONVERTER names the converter's
# folder where it is not build/deps/llama/convert of this tree.
#
# Nothing is fetched: the converter runs offline. Some models bring Python code that the converter
# would run; a folder that holds any is refused unless --run-code says that it may.
#
# Exit codes: 0 done, 1 refused, 2 usage, 3 the folder is no such model, 5 a file cannot be
# written, 6 Python or one of its packages is missing.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
python=${TACIT_PYTHON:-python3}
converter=${TACIT_CONVERTER:-$root/build/deps/llama/convert}
type=auto
name=
run_code=

die() {
	code=$1
	shift
	echo "tacit model import: $*" >&2
	exit "$code"
}

usage() {
	die 2 "usage: [--type f32|f16|bf16|q8_0|auto] [--name NAME] [--run-code] DIR [OUT.gguf]"
}

while [ $# -gt 0 ]; do
	case $1 in
	--type)
		[ $# -gt 1 ] || usage
		type=$2
		shift 2
		;;
	--name)
		[ $# -gt 1 ] || usage
		name=$2
		shift 2
		;;
	--run-code)
		run_code=yes
		shift
		;;
	--)
		shift
		break
		;;
	-*) usage ;;
	*) break ;;
	esac
done
[ $# -eq 1 ] || [ $# -eq 2 ] || usage
case $type in
f32 | f16 | bf16 | q8_0 | auto) ;;
*) usage ;;
esac
dir=$1
out=${2:-$(basename "$(cd "$dir" 2>/dev/null && pwd)").gguf}

[ -f "$dir/config.json" ] || die 3 "$dir has no config.json"
set -- "$dir"/*.safetensors
[ -f "$1" ] || die 3 "$dir has no .safetensors file"
[ -n "$run_code" ] || [ -z "$(find "$dir/" -name '*.py' | head -1)" ] ||
	die 1 "$dir holds Python code that the converter may run; --run-code allows it"
[ -f "$converter/convert_hf_to_gguf.py" ] ||
	die 6 "the converter is not in $converter (./do deps puts it there)"
"$python" -c 'import torch, transformers' 2>/dev/null ||
	die 6 "$python has no torch and transformers (see the comment in $0)"
[ -d "$(dirname "$out")" ] && [ -w "$(dirname "$out")" ] || die 5 "cannot write $out"

# A file that was not written to its end must not look like a model.
part=$out.part.$$
trap 'rm -f "$part"' EXIT INT TERM
PYTHONPATH=$converter/gguf-py HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 \
	"$python" "$converter/convert_hf_to_gguf.py" --outtype "$type" --outfile "$part" \
	${name:+--model-name "$name"} "$dir" >&2 || die 3 "the converter refused $dir"
mv "$part" "$out" || die 5 "cannot write $out"
echo "$out"
