/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/tcb.h"

/* 16 and 16 components, PCE, module and QE. */
#define GAPS_MAX     (2 * TACIT_TCB_COMPONENTS + 3)

#define MODULE_MINOR 0 /* of TEE_TCB_SVN */
#define MODULE_MAJOR 1

/* The levels that one TEE_TCB_SVN reaches; NULL for none. */
struct levels {
	const struct tacit_tcb_platform_level *platform;
	const struct tacit_svn_level *module;
	bool has_module; /* a module level is wanted */
};

const struct tacit_tdx_module_identity *tacit_dcap_module(const struct tacit_tcb_info *info,
							  struct tacit_slice tee_tcb_svn)
{
	uint8_t major = tee_tcb_svn.ptr[MODULE_MAJOR];

	if (major == 0)
		return &info->module;
	for (size_t i = 0; i < info->identity_count; i++)
		if (info->identities[i].major == major)
			return &info->identities[i];
	return NULL;
}

/* With a module of its own level, components 0 and 1 are the module's and not the platform's. */
static size_t first_component(struct tacit_slice tee_tcb_svn)
{
	return tee_tcb_svn.ptr[MODULE_MAJOR] > 0 ? 2 : 0;
}

static bool reaches(const struct tacit_dcap_platform *p, struct tacit_slice svn,
		    const struct tacit_tcb_platform_level *level)
{
	if (p->pck->pcesvn < level->pcesvn)
		return false;
	for (size_t i = 0; i < TACIT_TCB_COMPONENTS; i++)
		if (p->pck->components[i] < level->sgx[i])
			return false;
	for (size_t i = svn.ptr ? first_component(svn) : TACIT_TCB_COMPONENTS;
	     i < TACIT_TCB_COMPONENTS; i++)
		if (svn.ptr[i] < level->tdx[i])
			return false;
	return true;
}

static struct levels find_levels(const struct tacit_dcap_platform *p, struct tacit_slice svn)
{
	const struct tacit_tcb_info *info = p->info;
	struct levels found = { 0 };

	for (size_t i = 0; i < info->level_count && !found.platform; i++)
		if (reaches(p, svn, &info->levels[i]))
			found.platform = &info->levels[i];
	found.has_module = svn.ptr && svn.ptr[MODULE_MAJOR] > 0;
	if (found.has_module) {
		const struct tacit_tdx_module_identity *module = tacit_dcap_module(info, svn);

		if (module)
			found.module = tacit_svn_level_find(&module->levels, svn.ptr[MODULE_MINOR]);
	}
	return found;
}

enum tacit_tcb_status tacit_dcap_converge(enum tacit_tcb_status platform,
					  enum tacit_tcb_status module, enum tacit_tcb_status qe)
{
	if (module == TACIT_TCB_REVOKED || qe == TACIT_TCB_REVOKED)
		return TACIT_TCB_REVOKED;
	if (module != TACIT_TCB_OUT_OF_DATE && qe != TACIT_TCB_OUT_OF_DATE)
		return platform;
	if (platform == TACIT_TCB_UP_TO_DATE || platform == TACIT_TCB_SW_HARDENING)
		return TACIT_TCB_OUT_OF_DATE;
	if (platform == TACIT_TCB_CONFIGURATION ||
	    platform == TACIT_TCB_CONFIGURATION_AND_SW_HARDENING)
		return TACIT_TCB_OUT_OF_DATE_CONFIGURATION;
	return platform;
}

static bool is_out_of_date(enum tacit_tcb_status status)
{
	return status == TACIT_TCB_OUT_OF_DATE || status == TACIT_TCB_OUT_OF_DATE_CONFIGURATION;
}

static bool wants_configuration(enum tacit_tcb_status status)
{
	return status == TACIT_TCB_CONFIGURATION ||
	       status == TACIT_TCB_CONFIGURATION_AND_SW_HARDENING ||
	       status == TACIT_TCB_OUT_OF_DATE_CONFIGURATION;
}

enum tacit_tcb_status tacit_dcap_relaunch(enum tacit_tcb_status launch,
					  enum tacit_tcb_status current)
{
	if (launch == TACIT_TCB_REVOKED || current == TACIT_TCB_REVOKED)
		return TACIT_TCB_REVOKED;
	if (!is_out_of_date(launch))
		return is_out_of_date(current) ? current : launch;
	if (is_out_of_date(current))
		return launch;
	if (wants_configuration(launch) || wants_configuration(current))
		return TACIT_TCB_RELAUNCH_CONFIGURATION;
	return TACIT_TCB_RELAUNCH;
}

/* --- gaps ------------------------------------------------------------------------------------ */

struct gaps {
	struct tacit_dcap_gap items[GAPS_MAX];
	size_t count;
};

static void add_gap(struct gaps *gaps, struct tacit_dcap_gap gap)
{
	if (gap.have < gap.need && gaps->count < GAPS_MAX)
		gaps->items[gaps->count++] = gap;
}

static void add_platform_gaps(const struct tacit_dcap_platform *p, struct gaps *gaps)
{
	const struct tacit_tcb_info *info = p->info;
	const struct tacit_tcb_platform_level *newest = &info->levels[0];
	struct tacit_slice svn = p->tee_tcb_svn;

	for (unsigned i = 0; i < TACIT_TCB_COMPONENTS; i++)
		add_gap(gaps, (struct tacit_dcap_gap){ "sgx", i, info->sgx_category[i],
						       p->pck->components[i], newest->sgx[i] });
	add_gap(gaps, (struct tacit_dcap_gap){ "pce", 0, NULL, p->pck->pcesvn, newest->pcesvn });
	for (unsigned i = svn.ptr ? (unsigned)first_component(svn) : TACIT_TCB_COMPONENTS;
	     i < TACIT_TCB_COMPONENTS; i++)
		add_gap(gaps, (struct tacit_dcap_gap){ "tdx", i, info->tdx_category[i], svn.ptr[i],
						       newest->tdx[i] });
}

static bool put_gaps(const struct tacit_dcap_platform *p, struct tacit_arena *arena,
		     struct tacit_dcap_tcb *ret)
{
	struct gaps gaps = { .count = 0 };
	const struct tacit_tdx_module_identity *module = NULL;

	add_platform_gaps(p, &gaps);
	if (p->tee_tcb_svn.ptr && p->tee_tcb_svn.ptr[MODULE_MAJOR] > 0)
		module = tacit_dcap_module(p->info, p->tee_tcb_svn);
	if (module)
		add_gap(&gaps, (struct tacit_dcap_gap){ "module", 0, NULL,
							p->tee_tcb_svn.ptr[MODULE_MINOR],
							module->levels.items[0].isvsvn });
	add_gap(&gaps,
		(struct tacit_dcap_gap){ "qe", 0, NULL, p->qe_svn, p->qe->levels.items[0].isvsvn });
	ret->gap_count = 0;
	ret->gaps = NULL;
	if (gaps.count == 0)
		return true;
	struct tacit_dcap_gap *copy = tacit_arena_alloc(arena, gaps.count * sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, gaps.items, gaps.count * sizeof(*copy));
	ret->gap_count = gaps.count;
	ret->gaps = copy;
	return true;
}

/* --- advisories ------------------------------------------------------------------------------ */

#define VERDICTS_MAX 5 /* platform, QE and module of the launch; platform and module of today */

struct verdicts {
	const struct tacit_tcb_verdict *items[VERDICTS_MAX];
	size_t count;
};

static bool holds(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool put_advisories(const struct verdicts *v, struct tacit_arena *arena,
			   struct tacit_dcap_tcb *ret)
{
	size_t room = 0, count = 0;

	ret->advisory_count = 0;
	ret->advisory_ids = NULL;
	for (size_t i = 0; i < v->count; i++)
		room += v->items[i]->advisory_count;
	if (room == 0)
		return true;
	const char **names = tacit_arena_alloc(arena, room * sizeof(*names));
	if (!names)
		return false;
	for (size_t i = 0; i < v->count; i++)
		for (size_t k = 0; k < v->items[i]->advisory_count; k++)
			if (!holds(names, count, v->items[i]->advisories[k]))
				names[count++] = v->items[i]->advisories[k];
	ret->advisory_count = count;
	ret->advisory_ids = names;
	return true;
}

static void put_date(const struct verdicts *v, struct tacit_dcap_tcb *ret)
{
	ret->tcb_date = v->items[0]->date;
	for (size_t i = 1; i < v->count; i++)
		if (v->items[i]->date < ret->tcb_date)
			ret->tcb_date = v->items[i]->date;
}

/* --- the whole ------------------------------------------------------------------------------- */

static void add_levels(struct verdicts *v, const struct levels *levels)
{
	v->items[v->count++] = &levels->platform->verdict;
	if (levels->module)
		v->items[v->count++] = &levels->module->verdict;
}

static enum tacit_tcb_status module_status(const struct levels *levels)
{
	return levels->module ? levels->module->verdict.status : TACIT_TCB_UP_TO_DATE;
}

/* The part without a level, or NULL. */
static const char *missing(const struct levels *levels)
{
	if (!levels->platform)
		return "platform";
	return levels->has_module && !levels->module ? "module" : NULL;
}

enum tacit_tcb_status tacit_dcap_tcb_evaluate(const struct tacit_dcap_platform *p,
					      struct tacit_arena *arena, struct tacit_dcap_tcb *ret,
					      const char **ret_part, bool *ret_full)
{
	const struct tacit_svn_level *qe = tacit_svn_level_find(&p->qe->levels, p->qe_svn);
	struct levels launch = find_levels(p, p->tee_tcb_svn), current = { 0 };
	struct verdicts v = { .count = 0 };

	*ret_full = !put_gaps(p, arena, ret);
	*ret_part = missing(&launch);
	if (!*ret_part && !qe)
		*ret_part = "qe";
	if (!*ret_part && p->tee_tcb_svn2.ptr) {
		current = find_levels(p, p->tee_tcb_svn2);
		*ret_part = missing(&current);
	}
	if (*ret_part)
		return TACIT_TCB_NOT_SUPPORTED;
	enum tacit_tcb_status then = tacit_dcap_converge(
		launch.platform->verdict.status, module_status(&launch), qe->verdict.status);
	enum tacit_tcb_status now = then, status = then;
	if (current.platform) {
		now = tacit_dcap_converge(current.platform->verdict.status, module_status(&current),
					  qe->verdict.status);
		status = tacit_dcap_relaunch(then, now);
	}
	v.items[v.count++] = &launch.platform->verdict;
	v.items[v.count++] = &qe->verdict;
	if (launch.module)
		v.items[v.count++] = &launch.module->verdict;
	if (status == now && status != then) /* today is the worse: say why */
		add_levels(&v, &current);
	*ret_full |= !put_advisories(&v, arena, ret);
	put_date(&v, ret);
	ret->status = tacit_tcb_status_text(status);
	ret->platform_status = tacit_tcb_status_text(launch.platform->verdict.status);
	ret->qe_status = tacit_tcb_status_text(qe->verdict.status);
	ret->module_status = launch.module ? tacit_tcb_status_text(module_status(&launch)) : NULL;
	return status;
}
