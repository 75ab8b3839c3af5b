#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SEV-SNP reports of our own PKI, from files: with a table, alone, and with what is missing.
. "$(dirname "$0")/lib.sh"
tools=$(dirname "$(readlink -f "$tacit")")/tools
[ -x "$tools/mkevidence" ] || skip_all "$tools/mkevidence is not built"
now=1795248000
"$tools/mkevidence" snp "$work" turin || exit 1
cd "$work" || exit 1
mkdir given other
cp snp-vek.der snp-ask.der snp-ark.der given
"$tools/mkevidence" snp other genoa || exit 1
measurement=$(printf 'a0%.0s' {1..48})
root=(--insecure-test-root snp-ark.der)
judge() { # CODE NAME FILE OPTIONS...
	local code=$1 name=$2 file=$3
	shift 3
	run "$code" "$name" "$tacit" verify --json --now $now "$@" "$file"
}
fails() { # CHECK NAME
	json out "[c['name'] for c in d['checks'] if c['result'] == 'fail'] == ['$1']" "$2"
}
policy() { # SECTION: into policy.json
	printf '{"schema":"tacit.policy/1","alternatives":[{"platform":"snp","measurements":{"measurement":"%s"},"snp":%s}]}' \
		"$measurement" "$1" >policy.json
}

judge 0 "a report with its table" snp.bin --measurement "$measurement" "${root[@]}"
json out 'd["platform"] == "snp" and d["claims"]["snp"]["product"] == "turin"' "of Turin"
json out 'd["claims"]["snp"]["tcb"]["reported"] == {"fmc": 1, "bootloader": 4, "tee": 0, "snp": 24, "microcode": 219}' \
	"with each security version"
json out 'd["claims"]["snp"]["platform_info"]["unknown"] == "0000000000000040"' "and unknown bits"
judge 0 "a report, and certificates in a folder" snp-report.bin --measurement "$measurement" \
	--collateral given "${root[@]}"
tail -c +1185 snp.bin >table.bin
judge 0 "a report, and its table as a file" snp-report.bin --measurement "$measurement" \
	--collateral table.bin "${root[@]}"
judge 4 "a report alone" snp-report.bin --measurement "$measurement" "${root[@]}"
fails snp.vek.found "by snp.vek.found"
has out 'https://kdsintf.amd.com/vcek/v1/Turin/c7c7c7c7c7c7c7c7[?]fmcSPL=1&blSPL=4' "says where to get it"
judge 1 "a root of our own is not trusted" snp.bin --measurement "$measurement"
fails snp.ca.root "by snp.ca.root"
judge 1 "another measurement" snp.bin --measurement "${measurement/a0/a1}" "${root[@]}"
fails policy.measurements "by policy.measurements"
judge 1 "another chip's certificates" snp-report.bin --measurement "$measurement" \
	--collateral other/snp-vek.der "${root[@]}"
fails snp.vek.product "by snp.vek.product"
run 1 "years later" "$tacit" verify --now 2040-01-01T00:00:00Z --measurement "$measurement" \
	"${root[@]}" snp.bin
has out 'snp.chain.validity' "by snp.chain.validity"

policy '{"products":["turin"],"min_tcb":{"fmc":1,"snp":24},"chip_ids":["c7c7c7c7c7c7c7c7"]}'
judge 0 "a policy that fits" snp.bin --policy policy.json "${root[@]}"
policy '{"min_tcb":{"microcode":220}}'
judge 1 "a policy that asks for more" snp.bin --policy policy.json "${root[@]}"
fails policy.snp.tcb "by policy.snp.tcb"
policy '{"require_crl":true}'
judge 4 "a policy that asks for a list" snp.bin --policy policy.json "${root[@]}"
fails policy.snp.revocation "by policy.snp.revocation"

{ printf '\006'; tail -c +2 snp.bin; } >six.bin
judge 3 "a report of version 6" six.bin --measurement "$measurement" "${root[@]}"
fails snp.report.version "by snp.report.version"
head -c 1183 snp.bin >cut.bin
judge 3 "a report cut short" cut.bin --measurement "$measurement" "${root[@]}"
done_testing
