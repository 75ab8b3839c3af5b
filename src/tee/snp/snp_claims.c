/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/snp_job.h"

#include "base/arena.h"

static void fill_identity(const struct tacit_snp_job *job, struct tacit_snp_claims *snp)
{
	const struct tacit_snp_report *report = &job->report;

	snp->family_id = report->family_id;
	snp->image_id = report->image_id;
	snp->host_data = report->host_data;
	snp->id_key_digest = report->id_key_digest;
	snp->author_key_digest = report->author_key_digest;
	snp->report_id = report->report_id;
	snp->report_id_ma = report->report_id_ma;
	snp->chip_id = job->hwid;
	snp->chip_id_masked = job->chip_id_masked;
	snp->csp_id = job->csp_id;
}

static void fill_versions(const struct tacit_snp_job *job, struct tacit_snp_claims *snp)
{
	const struct tacit_snp_report *report = &job->report;

	snp->has_fmc = job->product->has_fmc;
	snp->current = job->current;
	snp->reported = job->reported;
	snp->committed = job->committed;
	snp->launch = job->launch;
	snp->current_firmware = report->current_firmware;
	snp->committed_firmware = report->committed_firmware;
	snp->has_mit_vectors = report->version >= 5;
	snp->launch_mit_vector = report->launch_mit_vector;
	snp->current_mit_vector = report->current_mit_vector;
}

static void fill_platform(const struct tacit_snp_job *job, struct tacit_snp_claims *snp)
{
	const struct tacit_snp_report *report = &job->report;

	snp->version = report->version;
	snp->product = job->product->name;
	snp->signing_key = job->kind == TACIT_SNP_VLEK ? "vlek" : "vcek";
	snp->cpu_family = report->cpu_family;
	snp->cpu_model = report->cpu_model;
	snp->cpu_stepping = report->cpu_stepping;
	snp->guest_svn = report->guest_svn;
	snp->vmpl = report->vmpl;
	snp->policy = report->policy;
	snp->platform_info = report->platform_info;
	snp->has_author_key = TACIT_SNP_AUTHOR_KEY_EN(report->flags);
	snp->revocation_checked = job->revocation_checked;
}

bool tacit_snp_job_claims(const struct tacit_snp_job *job, struct tacit_claims *ret)
{
	struct tacit_arena *arena = job->cx->arena;
	struct tacit_snp_claims *snp = tacit_arena_alloc(arena, sizeof(*snp));
	struct tacit_measurement *measurement = tacit_arena_alloc(arena, sizeof(*measurement));
	char url[TACIT_SNP_URL_MAX];

	if (!snp || !measurement)
		return false;
	fill_platform(job, snp);
	fill_versions(job, snp);
	fill_identity(job, snp);
	tacit_snp_url_vek(&job->report, job->product->product, url);
	snp->kds_url = tacit_arena_text(arena, tacit_slice_str(url));
	if (!snp->kds_url)
		return false;
	measurement->name = "measurement";
	measurement->value = job->report.measurement;
	ret->measurement_count = 1;
	ret->measurements = measurement;
	ret->report_data = job->report.report_data;
	ret->debug = (job->report.policy & TACIT_SNP_POLICY_DEBUG) != 0;
	ret->valid_from = job->chain.valid_from;
	ret->valid_until = job->chain.valid_until;
	ret->snp = snp;
	return true;
}
