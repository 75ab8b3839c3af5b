/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp.h"

#include "base/compiler.h"
#include "base/reader.h"

/* [SNP-ABI 7.3] versions as three bytes: build, minor, major. */
static struct tacit_snp_firmware read_firmware(struct reader *r)
{
	struct tacit_snp_firmware firmware;

	firmware.build = rd_u8(r);
	firmware.minor = rd_u8(r);
	firmware.major = rd_u8(r);
	rd_skip(r, 1); /* reserved */
	return firmware;
}

enum tacit_status tacit_snp_report_parse(struct tacit_slice raw, struct tacit_snp_report *ret,
					 struct tacit_error *err)
{
	struct tacit_snp_report q = { .raw = raw };
	struct reader r = rd_of(raw);

	q.version = rd_le32(&r); /* [SNP-ABI 7.3] ATTESTATION_REPORT */
	q.guest_svn = rd_le32(&r);
	q.policy = rd_le64(&r);
	q.family_id = rd_take(&r, 16);
	q.image_id = rd_take(&r, 16);
	q.vmpl = rd_le32(&r);
	q.signature_algo = rd_le32(&r);
	q.current_tcb = rd_take(&r, 8);
	q.platform_info = rd_le64(&r);
	q.flags = rd_le32(&r);
	rd_skip(&r, 4); /* reserved */
	q.report_data = rd_take(&r, 64);
	q.measurement = rd_take(&r, 48);
	q.host_data = rd_take(&r, 32);
	q.id_key_digest = rd_take(&r, 48);
	q.author_key_digest = rd_take(&r, 48);
	q.report_id = rd_take(&r, 32);
	q.report_id_ma = rd_take(&r, 32);
	q.reported_tcb = rd_take(&r, 8);
	q.cpu_family = rd_u8(&r);
	q.cpu_model = rd_u8(&r);
	q.cpu_stepping = rd_u8(&r);
	rd_skip(&r, 21); /* reserved */
	q.chip_id = rd_take(&r, TACIT_SNP_CHIP_LEN);
	q.committed_tcb = rd_take(&r, 8);
	q.current_firmware = read_firmware(&r);
	q.committed_firmware = read_firmware(&r);
	q.launch_tcb = rd_take(&r, 8);
	q.launch_mit_vector = rd_le64(&r);
	q.current_mit_vector = rd_le64(&r);
	rd_skip(&r, TACIT_SNP_SIGNED_LEN - 0x208); /* reserved */
	q.r = rd_take(&r, 72);
	q.s = rd_take(&r, 72);
	rd_skip(&r, TACIT_SNP_REPORT_LEN - 0x330); /* reserved */
	enum tacit_status st = rd_finish(&r, "snp.report", err);
	if (st == TACIT_OK)
		*ret = q;
	return st;
}

/* Reserved in the versions from `first` to `last`. */
struct reserved {
	size_t start, end;
	uint32_t first, last;
};

static const struct reserved RESERVED[] = {
	{ 0x04c, 0x050, 2, 5 }, { 0x188, 0x18b, 2, 2 }, /* CPUID from version 3 on */
	{ 0x18b, 0x1a0, 2, 5 }, { 0x1eb, 0x1ec, 2, 5 },
	{ 0x1ef, 0x1f0, 2, 5 }, { 0x1f8, 0x208, 2, 4 }, /* mitigation vectors from version 5 on */
	{ 0x208, 0x2a0, 2, 5 }, { 0x330, 0x4a0, 2, 5 }, /* outside of what is signed */
};

bool tacit_snp_report_reserved(const struct tacit_snp_report *report, size_t *ret_at)
{
	static const uint8_t ZEROS[TACIT_SNP_REPORT_LEN - 0x330]; /* as many as any row has */

	if (report->flags >> 5) {
		*ret_at = 0x048;
		return false;
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(RESERVED); i++) {
		const struct reserved *row = &RESERVED[i];

		if (report->version < row->first || report->version > row->last)
			continue;
		const uint8_t *bytes = report->raw.ptr + row->start;
		size_t len = row->end - row->start;
		if (memcmp(bytes, ZEROS, len) == 0)
			continue;
		for (*ret_at = row->start; *bytes == 0; bytes++)
			++*ret_at;
		return false;
	}
	return true;
}

/* Wide enough that a report of an unknown version is named as what it is. */
bool tacit_snp_detect(struct tacit_slice in)
{
	struct tacit_slice head = { in.ptr, TACIT_SNP_REPORT_LEN };
	struct tacit_snp_report report;

	return in.len >= TACIT_SNP_REPORT_LEN &&
	       tacit_snp_report_parse(head, &report, NULL) == TACIT_OK && report.version >= 1 &&
	       report.version <= 255 && report.signature_algo <= 255 &&
	       (report.policy & TACIT_SNP_POLICY_RESERVED_ONE) && report.policy >> 32 == 0 &&
	       report.flags >> 8 == 0;
}
