#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Gets what the emulation tests need beyond the packages of CONTRIBUTING.md, from the Debian mirror
# that this machine uses, without installing anything and without root:
#
#     tools/deps/emulation.sh [--headers] [--nitro]    prints the folder that holds it all
#
#     kernel/     Debian's 6.12 cloud kernel: vmlinuz, modules (nsm, vsock, cuse, tsm)
#     headers/    with --headers: what a module for that kernel is built with
#     qemu/       QEMU 11 with every library it wants, to be run through its own loader by bin/qemu:
#                 since 10.2 it has the generic vhost-user device that lets us be an NSM
#     bin/        qemu (qemu-system-x86_64 too), vhost-device-vsock, busybox (a shell for guests)
#     nitro/      with --nitro: a QEMU with the machine 'nitro-enclave', built here from Debian's
#                 source in about 3 minutes. No binary of Debian, the newest included, has that
#                 machine: they are built without libcbor, which it wants. Its 'nitro' (since 11)
#                 is another thing: it starts real enclaves on an EC2 instance.
#
# Exit 6: not on this machine, whatever the network does.
#
# Everything is kept in the cache, ${XDG_CACHE_HOME:-$HOME/.cache}/tacit (or $TACIT_CACHE), and is
# fetched once. Versions are the mirror's newest: nothing that is pinned stays there for long. apt
# checks the archive's signatures as always.
set -eu

cache=${TACIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tacit}
out=$cache/emulation-1
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
headers=
nitro=
for option; do
	case $option in
	--headers) headers=1 ;;
	--nitro) nitro=1 ;;
	*)
		echo "usage: $0 [--headers] [--nitro]" >&2
		exit 2
		;;
	esac
done

say() {
	echo "emulation: $*" >&2
}

die() {
	say "$*"
	exit 1
}

unsupported() {
	say "$*"
	exit 6
}

[ "$(uname -m)" = x86_64 ] || unsupported "the guests are x86_64: this machine is not"
for tool in apt-get dpkg-deb; do
	command -v $tool >/dev/null 2>&1 ||
		unsupported "needs $tool: only Debian and its relatives are known"
done
[ -f "$keyring" ] || unsupported "needs $keyring (install package debian-archive-keyring)"

# One view of the archive per release, with nothing installed as far as it knows.
mirror=$(awk '$1 == "URIs:" && /\/debian\/?$/ { print $2; exit }' \
	/etc/apt/sources.list.d/debian.sources 2>/dev/null || :)
mirror=${mirror:-http://deb.debian.org/debian}

apt_in() {
	view=$work/$1
	command=$2
	shift 2
	apt-get -q -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$view/list" \
		-o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- \
		-o Dir::State="$view/state" -o Dir::State::status="$view/status" \
		-o Dir::Cache="$view/cache" -o Acquire::Languages=none -o APT::Architecture=amd64 \
		-o APT::Architectures=amd64 -o Acquire::Retries=3 "$command" "$@"
}

# open_view NAME "SUITE [MIRROR]"...
open_view() {
	name=$1
	shift
	mkdir -p "$work/$name/state/lists/partial" "$work/$name/cache/archives/partial"
	: >"$work/$name/status"
	for suite; do
		echo "deb [signed-by=$keyring] ${suite#* } ${suite% *} main"
	done >"$work/$name/list"
	say "reading the package lists of $name"
	apt_in "$name" update >"$work/$name.log" 2>&1 || { cat "$work/$name.log" >&2; exit 1; }
}

# Unpacks packages of one view, with all that they depend on when `how` is "whole".
unpack() {
	name=$1 how=$2 to=$3
	shift 3
	say "fetching $*"
	debs=$work/$name/cache/archives
	rm -f "$debs"/*.deb
	if [ "$how" = whole ]; then
		apt_in "$name" install -y --download-only --no-install-recommends "$@"
	else
		(cd "$debs" && apt_in "$name" download "$@")
	fi >"$work/$name.log" 2>&1 || { cat "$work/$name.log" >&2; exit 1; }
	mkdir -p "$to"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$to"
	done
	rm -f "$debs"/*.deb
}

# The package that the meta package of the 6.12 series names.
kernel_version() {
	apt_in bookworm install -s --no-install-recommends linux-image-6.12-cloud-amd64 2>/dev/null |
		sed -n 's/^Inst linux-image-\(6\.12\.[^ ]*-cloud-amd64\) .*/\1/p'
}

# finish PART: what was unpacked takes its place in one step.
finish() {
	rm -rf "${out:?}/$1"
	mkdir -p "$out"
	mv "$work/$1.new" "$out/$1"
}

get_kernel() {
	open_view bookworm "bookworm $mirror" "bookworm-security ${mirror%/debian*}/debian-security"
	version=$(kernel_version)
	[ -n "$version" ] || die "the mirror has no 6.12 kernel for bookworm"
	unpack bookworm alone "$work/kernel.tree" "linux-image-$version-unsigned"
	mkdir "$work/kernel.new"
	mv "$work"/kernel.tree/boot/vmlinuz-* "$work/kernel.new/vmlinuz"
	[ -d "$work/kernel.tree/usr/lib/modules" ] && modules=$work/kernel.tree/usr/lib/modules ||
		modules=$work/kernel.tree/lib/modules
	mv "$modules/$version" "$work/kernel.new/modules"
	echo "$version" >"$work/kernel.new/version"
	finish kernel
}

get_headers() {
	[ -d "$work/bookworm" ] ||
		open_view bookworm "bookworm $mirror" "bookworm-security ${mirror%/debian*}/debian-security"
	version=$(cat "$out/kernel/version")
	unpack bookworm alone "$work/headers.new" "linux-headers-$version" \
		"linux-headers-${version%-cloud-amd64}-common" linux-kbuild-6.12
	# They name each other by where a package manager would have put them.
	src=$work/headers.new/usr/src
	echo "include $out/headers/usr/src/linux-headers-${version%-cloud-amd64}-common/Makefile" \
		>"$src/linux-headers-$version/Makefile"
	ln -s "usr/src/linux-headers-$version" "$work/headers.new/build"
	finish headers
}

get_busybox() {
	[ -d "$work/bookworm" ] ||
		open_view bookworm "bookworm $mirror" "bookworm-security ${mirror%/debian*}/debian-security"
	unpack bookworm alone "$work/busybox.tree" busybox-static
	mkdir -p "$out/bin"
	mv "$work"/busybox.tree/bin/busybox "$out/bin/busybox"
}

get_qemu() {
	open_view trixie "trixie $mirror" "trixie-backports $mirror"
	unpack trixie whole "$work/qemu.new" -t trixie-backports qemu-system-x86 libc6 seabios
	finish qemu
}

# The source of a release's QEMU, in $work/source.
get_qemu_source() {
	open_view trixie "trixie $mirror"
	sed 's/^deb /deb-src /' "$work/trixie/list" >"$work/trixie/source.list"
	cat "$work/trixie/source.list" >>"$work/trixie/list"
	say "fetching the source of qemu"
	(
		mkdir "$work/source" && cd "$work/source"
		apt_in trixie update && apt_in trixie source --download-only qemu
		tar xf qemu_*.orig.tar.xz --strip-components=1
	) >"$work/source.log" 2>&1 || { tail -20 "$work/source.log" >&2; exit 1; }
	# What the archive's form of the source leaves out, and nothing here wants.
	sed -i '/^pycotap/d' "$work/source/pythondeps.toml"
	sed -i 's/^if unpack_edk2_blobs/if false/' "$work/source/pc-bios/meson.build"
}

# The one machine, emulated: everything else stays out, so that it is built in minutes.
get_nitro() {
	packages="ninja-build libglib2.0-dev libgnutls28-dev libcbor-dev libfdt-dev zlib1g-dev"
	pkg-config --exists glib-2.0 gnutls libcbor zlib &&
		echo '#include <libfdt.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ||
		unsupported "needs libraries to build QEMU (apt-get install $packages)"
	for tool in ninja flex bison python3; do
		command -v $tool >/dev/null || unsupported "needs $tool to build QEMU"
	done
	get_qemu_source
	unpack trixie alone "$work/meson.tree" meson # QEMU wants a newer one than bookworm's
	cat >"$work/source/configs/devices/x86_64-softmmu/tacit.mak" <<-'MAK'
		CONFIG_NITRO_ENCLAVE=y
		CONFIG_MICROVM=y
		CONFIG_ISA_DEBUG=y
		CONFIG_VHOST_USER_VSOCK=y
	MAK
	say "building QEMU with the machine nitro-enclave (about 3 minutes on 2 cores)"
	mkdir "$work/build" "$work/nitro.new"
	(
		export PYTHONPATH="$work/meson.tree/usr/lib/python3/dist-packages"
		cd "$work/build"
		../source/configure --target-list=x86_64-softmmu --without-default-features \
			--without-default-devices --with-devices-x86_64=tacit --enable-tcg \
			--enable-gnutls --enable-libcbor --enable-vhost-user --enable-fdt=system \
			--enable-system --disable-docs --disable-tools --disable-werror \
			--disable-install-blobs --python=/usr/bin/python3
		ninja qemu-system-x86_64
	) >"$work/build.log" 2>&1 || { tail -20 "$work/build.log" >&2; exit 1; }
	mv "$work/build/qemu-system-x86_64" "$work/nitro.new/"
	"$work/nitro.new/qemu-system-x86_64" -M help | grep -q '^nitro-enclave' ||
		die "the QEMU that was built has no machine nitro-enclave"
	finish nitro
}

get_vsock() {
	open_view sid "sid $mirror"
	unpack sid alone "$work/vsock.tree" vhost-device-vsock
	mkdir -p "$out/bin"
	mv "$work/vsock.tree/usr/bin/vhost-device-vsock" "$out/bin/"
}

write_qemu() {
	cat >"$out/bin/qemu" <<'SH'
#!/bin/sh
# QEMU with its own libraries, whatever this system has.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/qemu
lib=$root/usr/lib/x86_64-linux-gnu
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib:$lib/pulseaudio" \
	"$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
SH
	chmod 755 "$out/bin/qemu"
	ln -sfn qemu "$out/bin/qemu-system-x86_64" # as 'tacit run --emulate' looks for it in PATH
}

mkdir -p "$cache"
# Tests that start at the same time wait for the one that fetches.
exec 9>"$cache/emulation.lock"
flock 9
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
[ -d "$out/kernel" ] || get_kernel
[ -z "$headers" ] || [ -d "$out/headers/build" ] || get_headers
[ -x "$out/bin/busybox" ] || get_busybox
[ -x "$out/bin/vhost-device-vsock" ] || get_vsock
[ -d "$out/qemu" ] || get_qemu
[ -z "$nitro" ] || [ -x "$out/nitro/qemu-system-x86_64" ] || get_nitro
write_qemu
echo "$out"
