/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/tcb.h"

#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t room[8192];

/* --- convergence ----------------------------------------------------------------------------- */

/* The platform's status when a component is out of date: the table of the specification. */
static const enum tacit_tcb_status OUT[] = {
	[TACIT_TCB_UP_TO_DATE] = TACIT_TCB_OUT_OF_DATE,
	[TACIT_TCB_SW_HARDENING] = TACIT_TCB_OUT_OF_DATE,
	[TACIT_TCB_CONFIGURATION] = TACIT_TCB_OUT_OF_DATE_CONFIGURATION,
	[TACIT_TCB_CONFIGURATION_AND_SW_HARDENING] = TACIT_TCB_OUT_OF_DATE_CONFIGURATION,
	[TACIT_TCB_OUT_OF_DATE] = TACIT_TCB_OUT_OF_DATE,
	[TACIT_TCB_OUT_OF_DATE_CONFIGURATION] = TACIT_TCB_OUT_OF_DATE_CONFIGURATION,
	[TACIT_TCB_REVOKED] = TACIT_TCB_REVOKED,
};

static const enum tacit_tcb_status PARTS[] = { TACIT_TCB_UP_TO_DATE, TACIT_TCB_OUT_OF_DATE,
					       TACIT_TCB_REVOKED };

static void test_converge(void)
{
	for (unsigned platform = 0; platform < COUNT(OUT); platform++)
		for (unsigned m = 0; m < 3; m++)
			for (unsigned q = 0; q < 3; q++) {
				enum tacit_tcb_status want = (enum tacit_tcb_status)platform;

				if (m == 2 || q == 2)
					want = TACIT_TCB_REVOKED;
				else if (m == 1 || q == 1)
					want = OUT[platform];
				ok(tacit_dcap_converge((enum tacit_tcb_status)platform, PARTS[m],
						       PARTS[q]) == want,
				   "%s, module %s, QE %s: %s",
				   tacit_tcb_status_text((enum tacit_tcb_status)platform),
				   tacit_tcb_status_text(PARTS[m]), tacit_tcb_status_text(PARTS[q]),
				   tacit_tcb_status_text(want));
			}
}

#define UP TACIT_TCB_UP_TO_DATE
#define SW TACIT_TCB_SW_HARDENING
#define CO TACIT_TCB_CONFIGURATION
#define CS TACIT_TCB_CONFIGURATION_AND_SW_HARDENING
#define OD TACIT_TCB_OUT_OF_DATE
#define OC TACIT_TCB_OUT_OF_DATE_CONFIGURATION
#define RE TACIT_TCB_REVOKED
#define LA TACIT_TCB_RELAUNCH
#define LC TACIT_TCB_RELAUNCH_CONFIGURATION

/* Launch by row, today by column, in the order of the enum. */
static const enum tacit_tcb_status RELAUNCH[7][7] = {
	{ UP, UP, UP, UP, OD, OC, RE }, /* launched UpToDate */
	{ SW, SW, SW, SW, OD, OC, RE }, { CO, CO, CO, CO, OD, OC, RE },
	{ CS, CS, CS, CS, OD, OC, RE }, { LA, LA, LC, LC, OD, OD, RE }, /* launched OutOfDate */
	{ LC, LC, LC, LC, OC, OC, RE }, { RE, RE, RE, RE, RE, RE, RE },
};

static void test_relaunch(void)
{
	for (unsigned then = 0; then < 7; then++)
		for (unsigned now = 0; now < 7; now++)
			ok(tacit_dcap_relaunch((enum tacit_tcb_status)then,
					       (enum tacit_tcb_status)now) == RELAUNCH[then][now],
			   "launched %s, today %s: %s",
			   tacit_tcb_status_text((enum tacit_tcb_status)then),
			   tacit_tcb_status_text((enum tacit_tcb_status)now),
			   tacit_tcb_status_text(RELAUNCH[then][now]));
}

static void test_texts(void)
{
	ok(strcmp(tacit_tcb_status_text(TACIT_TCB_UP_TO_DATE), "UpToDate") == 0, "a text");
	ok(strcmp(tacit_tcb_status_text(TACIT_TCB_STATUSES), "unknown") == 0, "none outside");
}

/* --- levels ---------------------------------------------------------------------------------- */

static const char *const TWO[] = { "INTEL-SA-1", "INTEL-SA-2" };
static const char *const MORE[] = { "INTEL-SA-2", "INTEL-SA-3" };

static const struct tacit_svn_level MODULE_LEVELS[] = {
	{ 7, { TACIT_TCB_UP_TO_DATE, 300, 0, NULL } },
	{ 4, { TACIT_TCB_OUT_OF_DATE, 250, 2, MORE } },
};
static const struct tacit_tdx_module_identity IDENTITIES[] = {
	{ .major = 3, .levels = { 1, MODULE_LEVELS } },
	{ .major = 1, .levels = { 2, MODULE_LEVELS } },
};
static const struct tacit_svn_level QE_LEVELS[] = {
	{ 6, { TACIT_TCB_UP_TO_DATE, 400, 0, NULL } },
	{ 2, { TACIT_TCB_OUT_OF_DATE, 150, 2, TWO } },
};

struct world {
	struct tacit_tcb_platform_level levels[2];
	struct tacit_tcb_info info;
	struct tacit_qe_identity qe;
	struct tacit_dcap_pck pck;
	uint8_t svn[16], svn2[16];
	struct tacit_dcap_platform p;
};

/* A platform exactly on the first of two levels, in every component. */
static struct world *world(bool tdx)
{
	static struct world w;

	w = (struct world){ 0 };
	for (unsigned i = 0; i < 16; i++) {
		w.levels[0].sgx[i] = w.pck.components[i] = (uint8_t)(20 + i);
		w.levels[0].tdx[i] = w.svn[i] = (uint8_t)(40 + i);
	}
	w.levels[0].pcesvn = w.pck.pcesvn = 300;
	w.levels[0].verdict = (struct tacit_tcb_verdict){ TACIT_TCB_UP_TO_DATE, 500, 0, NULL };
	w.levels[1].verdict = (struct tacit_tcb_verdict){ TACIT_TCB_SW_HARDENING, 200, 2, TWO };
	w.svn[0] = 7;
	w.svn[1] = 1;
	w.levels[0].tdx[0] = w.levels[0].tdx[1] = tdx ? 255 : 0; /* not looked at */
	w.info.tdx = tdx;
	w.info.level_count = 2;
	w.info.levels = w.levels;
	w.info.identity_count = 2;
	w.info.identities = IDENTITIES;
	w.info.sgx_category[3] = "BIOS";
	w.qe.levels = (struct tacit_svn_levels){ 2, QE_LEVELS };
	w.p = (struct tacit_dcap_platform){
		.info = &w.info, .qe = &w.qe, .pck = &w.pck, .qe_svn = 6
	};
	if (tdx)
		w.p.tee_tcb_svn = TACIT_SLICE_ARRAY(w.svn);
	return &w;
}

struct found {
	enum tacit_tcb_status status;
	struct tacit_dcap_tcb tcb;
	const char *part;
	bool full;
};

static struct found evaluate_in(const struct world *w, size_t size)
{
	struct found f = { .part = NULL };
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, size);
	f.status = tacit_dcap_tcb_evaluate(&w->p, &arena, &f.tcb, &f.part, &f.full);
	return f;
}

static struct found evaluate(const struct world *w)
{
	return evaluate_in(w, sizeof(room));
}

static bool has_gap(const struct found *f, const char *part, unsigned index, uint32_t have,
		    uint32_t need)
{
	const struct tacit_dcap_gap *g = f->tcb.gaps;

	return f->tcb.gap_count == 1 && strcmp(g->part, part) == 0 && g->index == index &&
	       g->have == have && g->need == need;
}

static void test_exact(void)
{
	for (int tdx = 0; tdx < 2; tdx++) {
		struct found f = evaluate(world(tdx));

		ok(f.status == TACIT_TCB_UP_TO_DATE && !f.part && !f.full,
		   "exactly the first level");
		ok(f.tcb.gap_count == 0 && f.tcb.advisory_count == 0, "lacks nothing");
		ok(f.tcb.tcb_date == (tdx ? 300 : 400), "the earliest date");
		ok(!f.tcb.module_status == !tdx, "a module's status for TDX");
	}
}

/* One less in each component alone. */
static void test_components(void)
{
	for (int tdx = 0; tdx < 2; tdx++)
		for (unsigned i = 0; i < 16; i++) {
			struct world *w = world(tdx);

			w->pck.components[i]--;
			struct found f = evaluate(w);
			ok(f.status == TACIT_TCB_SW_HARDENING &&
				   has_gap(&f, "sgx", i, 19 + i, 20 + i),
			   "SGX component %u", i);
			ok((f.tcb.gaps->category != NULL) == (i == 3), "its category");
		}
	for (unsigned i = 2; i < 16; i++) {
		struct world *w = world(true);

		w->svn[i]--;
		struct found f = evaluate(w);
		ok(f.status == TACIT_TCB_SW_HARDENING && has_gap(&f, "tdx", i, 39 + i, 40 + i),
		   "TDX component %u", i);
	}
	struct world *w = world(true);
	w->pck.pcesvn--;
	struct found f = evaluate(w);
	ok(f.status == TACIT_TCB_SW_HARDENING && has_gap(&f, "pce", 0, 299, 300), "PCE");
	w = world(false);
	w->pck.pcesvn = 0, w->levels[1].pcesvn = 1;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "platform") == 0 &&
		   f.tcb.gap_count == 1,
	   "below both: not supported, and what is lacking");
}

/* Without a major version components 0 and 1 count as the others do. */
static void test_no_module(void)
{
	for (unsigned i = 0; i < 16; i++) {
		struct world *w = world(true);

		w->svn[1] = 0;
		w->levels[0].tdx[0] = 7;
		w->levels[0].tdx[1] = 0;
		ok(evaluate(w).status == TACIT_TCB_UP_TO_DATE && !evaluate(w).tcb.module_status,
		   "major 0: no level of a module");
		if (i == 1)
			continue;
		w->svn[i]--;
		struct found f = evaluate(w);
		ok(f.status == TACIT_TCB_SW_HARDENING && f.tcb.gap_count == 1 &&
			   f.tcb.gaps[0].index == i,
		   "major 0: component %u", i);
	}
}

static void test_parts(void)
{
	struct world *w = world(true);
	struct found f;

	w->svn[0] = 6;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_OUT_OF_DATE && has_gap(&f, "module", 0, 6, 7) &&
		   strcmp(f.tcb.module_status, "OutOfDate") == 0 && f.tcb.tcb_date == 250,
	   "a module between two levels");
	w->svn[0] = 4;
	ok(evaluate(w).status == TACIT_TCB_OUT_OF_DATE, "a module on the lower level");
	w->svn[0] = 3;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "module") == 0, "and below it");
	w = world(true), w->svn[1] = 2;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "module") == 0,
	   "a module that nobody knows");
	w = world(true), w->p.qe_svn = 5;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_OUT_OF_DATE && has_gap(&f, "qe", 0, 5, 6),
	   "a QE between two levels");
	w->p.qe_svn = 2;
	ok(evaluate(w).status == TACIT_TCB_OUT_OF_DATE, "a QE on the lower level");
	w->p.qe_svn = 1;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "qe") == 0, "and below it");
}

static void test_advisories(void)
{
	struct world *w = world(true);

	w->pck.components[0]--;
	w->svn[0] = 4;
	w->p.qe_svn = 2;
	struct found f = evaluate(w);
	ok(f.tcb.advisory_count == 3 && strcmp(f.tcb.advisory_ids[0], "INTEL-SA-1") == 0 &&
		   strcmp(f.tcb.advisory_ids[1], "INTEL-SA-2") == 0 &&
		   strcmp(f.tcb.advisory_ids[2], "INTEL-SA-3") == 0,
	   "advisories of platform, QE and module, each once");
	ok(f.tcb.tcb_date == 150, "the earliest date of all three");
	ok(f.tcb.gap_count == 3, "three gaps");
	for (size_t size = 0; size < 256; size += 8) {
		f = evaluate_in(w, size);
		if (f.full != (f.tcb.advisory_count != 3 || f.tcb.gap_count != 3))
			ok(false, "an arena of %zu bytes", size);
	}
}

static void test_today(void)
{
	struct world *w = world(true);

	memcpy(w->svn2, w->svn, 16);
	w->p.tee_tcb_svn2 = TACIT_SLICE_ARRAY(w->svn2);
	ok(evaluate(w).status == TACIT_TCB_UP_TO_DATE, "the same then and today");
	w->svn[0] = 4;
	struct found f = evaluate(w);
	ok(f.status == TACIT_TCB_RELAUNCH && strcmp(f.tcb.module_status, "OutOfDate") == 0 &&
		   f.tcb.advisory_count == 2,
	   "old then, good today: what the launch had is told");
	memcpy(w->svn, w->svn2, 16);
	w->svn2[0] = 4;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_OUT_OF_DATE && f.tcb.advisory_count == 2 && f.tcb.tcb_date == 250,
	   "good then, old today: that stands, with its advisories");
	w->svn2[0] = 3;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "module") == 0,
	   "no level of a module today");
	w->svn2[0] = 7, w->levels[1].tdx[5] = 1, w->svn2[5] = 0;
	f = evaluate(w);
	ok(f.status == TACIT_TCB_NOT_SUPPORTED && strcmp(f.part, "platform") == 0,
	   "no level of a platform today");
}

int main(void)
{
	test_converge();
	test_relaunch();
	test_texts();
	test_exact();
	test_components();
	test_no_module();
	test_parts();
	test_advisories();
	test_today();
	return done();
}
