/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/tcb_info.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "base/hex.h"

#define WHERE        "tcb_info"
#define CATEGORY_MAX 64

enum {
	SEEN_ID = 1,
	SEEN_VERSION = 2,
	SEEN_ISSUE = 4,
	SEEN_NEXT = 8,
	SEEN_FMSPC = 16,
	SEEN_PCEID = 32,
	SEEN_TYPE = 64,
	SEEN_NUMBER = 128,
	SEEN_LEVELS = 256,
	SEEN_MODULE = 512,
};

#define SEEN_ALWAYS                                                                    \
	(SEEN_VERSION | SEEN_ISSUE | SEEN_NEXT | SEEN_FMSPC | SEEN_PCEID | SEEN_TYPE | \
	 SEEN_NUMBER | SEEN_LEVELS)

/* What is known while the object is read; its members come in any order. */
struct parse {
	struct tacit_json_read j;
	struct tacit_arena *arena;
	struct tacit_tcb_info info;
	unsigned seen;
	bool flat;      /* a level had components by name, as in version 2 */
	bool lists;     /* a level had components in an array, as in version 3 */
	bool lacks_tdx; /* a level had no TDX components */
};

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

/* The first words that any level has for a component stand for all of them. */
static void read_category(struct parse *p, const char **category)
{
	struct tacit_slice text = tacit_json_read_string(&p->j);

	if (p->j.why || *category || text.len == 0 || text.len > CATEGORY_MAX)
		return;
	*category = tacit_arena_text(p->arena, text);
	if (!*category)
		tacit_json_read_full(&p->j);
}

static uint8_t read_component(struct parse *p, const char **category)
{
	struct tacit_slice name;
	uint8_t svn = 0;
	bool seen = false;

	tacit_json_read_object(&p->j);
	while (tacit_json_read_member(&p->j, &name)) {
		if (is(name, "svn")) {
			svn = (uint8_t)tacit_json_read_uint(&p->j, UINT8_MAX);
			seen = true;
		} else if (is(name, "category")) {
			read_category(p, category);
		} else {
			tacit_json_read_skip(&p->j);
		}
	}
	if (!seen)
		tacit_json_read_reject(&p->j, "a component without svn");
	return svn;
}

static void read_components(struct parse *p, uint8_t *ret, const char **categories)
{
	size_t count = 0;

	tacit_json_read_array(&p->j);
	while (tacit_json_read_item(&p->j)) {
		if (count == TACIT_TCB_COMPONENTS) {
			tacit_json_read_reject(&p->j, "more than 16 components");
			return;
		}
		ret[count] = read_component(p, &categories[count]);
		count++;
	}
	if (count != TACIT_TCB_COMPONENTS)
		tacit_json_read_reject(&p->j, "fewer than 16 components");
}

/* "sgxtcbcomp01svn" to "sgxtcbcomp16svn" of version 2; 16 when it is none. */
static unsigned flat_component(struct tacit_slice name)
{
	static const char HEAD[] = "sgxtcbcomp", TAIL[] = "svn";

	if (name.len != 15 || memcmp(name.ptr, HEAD, 10) != 0 ||
	    memcmp(name.ptr + 12, TAIL, 3) != 0)
		return TACIT_TCB_COMPONENTS;
	unsigned tens = (unsigned)name.ptr[10] - '0', ones = (unsigned)name.ptr[11] - '0';
	if (tens > 1 || ones > 9 || tens * 10 + ones == 0 || tens * 10 + ones > 16)
		return TACIT_TCB_COMPONENTS;
	return tens * 10 + ones - 1;
}

static void read_tcb(struct parse *p, struct tacit_tcb_platform_level *level)
{
	bool has_pce = false, has_sgx = false, has_tdx = false;
	unsigned flat = 0;
	struct tacit_slice name;

	tacit_json_read_object(&p->j);
	while (tacit_json_read_member(&p->j, &name)) {
		unsigned component = flat_component(name);

		if (component < TACIT_TCB_COMPONENTS) {
			level->sgx[component] = (uint8_t)tacit_json_read_uint(&p->j, UINT8_MAX);
			flat++;
		} else if (is(name, "pcesvn")) {
			level->pcesvn = (uint16_t)tacit_json_read_uint(&p->j, UINT16_MAX);
			has_pce = true;
		} else if (is(name, "sgxtcbcomponents")) {
			read_components(p, level->sgx, p->info.sgx_category);
			has_sgx = true;
		} else if (is(name, "tdxtcbcomponents")) {
			read_components(p, level->tdx, p->info.tdx_category);
			has_tdx = true;
		} else {
			tacit_json_read_skip(&p->j);
		}
	}
	/* No name comes twice, so counting is enough. */
	if (!has_pce || has_sgx == (flat > 0) || (flat > 0 && flat != TACIT_TCB_COMPONENTS))
		tacit_json_read_reject(&p->j, "a level without its SVNs");
	p->flat |= flat > 0;
	p->lists |= has_sgx;
	p->lacks_tdx |= !has_tdx;
}

static void read_level(struct parse *p, struct tacit_tcb_platform_level *level)
{
	struct tacit_slice name;
	unsigned seen = 0;
	bool has_tcb = false;

	tacit_json_read_object(&p->j);
	while (tacit_json_read_member(&p->j, &name)) {
		if (is(name, "tcb")) {
			read_tcb(p, level);
			has_tcb = true;
		} else if (!tacit_tcb_member(&p->j, name, p->arena, &level->verdict, &seen)) {
			tacit_json_read_skip(&p->j);
		}
	}
	tacit_tcb_complete(&p->j, seen);
	if (!has_tcb)
		tacit_json_read_reject(&p->j, "a level without its SVNs");
}

/* The order in which levels are tried: SGX components, PCE, TDX components, each falling. */
static int compare(const struct tacit_tcb_platform_level *a,
		   const struct tacit_tcb_platform_level *b)
{
	int order = memcmp(a->sgx, b->sgx, sizeof(a->sgx));

	if (order == 0)
		order = (a->pcesvn > b->pcesvn) - (a->pcesvn < b->pcesvn);
	return order ? order : memcmp(a->tdx, b->tdx, sizeof(a->tdx));
}

static void sort_last(struct parse *p, struct tacit_tcb_platform_level *levels, size_t count)
{
	for (size_t i = count - 1; i > 0; i--) {
		int order = compare(&levels[i], &levels[i - 1]);
		struct tacit_tcb_platform_level swap = levels[i];

		if (order == 0)
			tacit_json_read_reject(&p->j, "a level twice");
		if (order <= 0)
			return;
		levels[i] = levels[i - 1];
		levels[i - 1] = swap;
	}
}

static void read_levels(struct parse *p)
{
	size_t room = tacit_json_read_count(&p->j), count = 0;
	struct tacit_tcb_platform_level *levels = NULL;

	if (room == 0 || room > TACIT_TCB_LEVELS_MAX)
		tacit_json_read_reject(&p->j, "no levels, or too many");
	else
		levels = tacit_arena_alloc(p->arena, room * sizeof(*levels));
	if (!levels) {
		tacit_json_read_full(&p->j);
		return;
	}
	tacit_json_read_array(&p->j);
	while (tacit_json_read_item(&p->j) && count < room) {
		read_level(p, &levels[count++]);
		sort_last(p, levels, count);
	}
	p->info.levels = levels;
	p->info.level_count = count;
}

/* "TDX_0A": 10. Intel writes upper case; its own verifier takes either. */
static uint8_t read_module_id(struct tacit_json_read *j)
{
	struct tacit_slice text = tacit_json_read_string(j);
	uint8_t major = 0;
	size_t len;

	if (text.len == 6 && (memcmp(text.ptr, "TDX_", 4) == 0 || memcmp(text.ptr, "tdx_", 4) == 0))
		(void)tacit_hex_decode(tacit_slice_of(text.ptr + 4, 2), tacit_mut_of(&major, 1),
				       &len);
	return major;
}

enum {
	HAS_MRSIGNER = 1,
	HAS_ATTRIBUTES = 2,
	HAS_MASK = 4,
	HAS_ID = 8,
	HAS_LEVELS = 16,
};

static unsigned read_module_member(struct parse *p, struct tacit_slice name,
				   struct tacit_tdx_module_identity *module)
{
	if (is(name, "mrsigner")) {
		tacit_json_read_hex(&p->j, module->mrsigner, sizeof(module->mrsigner));
		return HAS_MRSIGNER;
	}
	if (is(name, "attributes")) {
		tacit_json_read_hex(&p->j, module->attributes, sizeof(module->attributes));
		return HAS_ATTRIBUTES;
	}
	if (is(name, "attributesMask")) {
		tacit_json_read_hex(&p->j, module->mask, sizeof(module->mask));
		return HAS_MASK;
	}
	if (is(name, "id")) {
		module->major = read_module_id(&p->j);
		return HAS_ID;
	}
	if (is(name, "tcbLevels")) {
		module->levels = tacit_svn_levels_read(&p->j, p->arena);
		return HAS_LEVELS;
	}
	tacit_json_read_skip(&p->j);
	return 0;
}

static void read_module(struct parse *p, struct tacit_tdx_module_identity *module,
			unsigned required)
{
	struct tacit_slice name;
	unsigned has = 0;

	tacit_json_read_object(&p->j);
	while (tacit_json_read_member(&p->j, &name))
		has |= read_module_member(p, name, module);
	if ((has & required) != required)
		tacit_json_read_reject(&p->j, "a module's identity lacks a member");
}

static void read_identities(struct parse *p)
{
	static const unsigned REQUIRED =
		HAS_MRSIGNER | HAS_ATTRIBUTES | HAS_MASK | HAS_ID | HAS_LEVELS;
	size_t room = tacit_json_read_count(&p->j), count = 0;
	struct tacit_tdx_module_identity *items = NULL;

	if (room > TACIT_TCB_IDENTITIES_MAX)
		tacit_json_read_reject(&p->j, "too many module identities");
	else if (room > 0)
		items = tacit_arena_alloc(p->arena, room * sizeof(*items));
	if (room > 0 && !items)
		tacit_json_read_full(&p->j);
	tacit_json_read_array(&p->j);
	while (tacit_json_read_item(&p->j) && count < room) {
		read_module(p, &items[count], REQUIRED);
		for (size_t i = 0; i < count; i++)
			if (items[i].major && items[i].major == items[count].major)
				tacit_json_read_reject(&p->j, "a module twice");
		count++;
	}
	p->info.identities = items;
	p->info.identity_count = count;
}

static void read_id(struct parse *p)
{
	struct tacit_slice id = tacit_json_read_string(&p->j);

	p->info.tdx = is(id, "TDX");
	if (!p->info.tdx && !is(id, "SGX"))
		tacit_json_read_reject(&p->j, "neither SGX nor TDX");
}

static void read_version(struct parse *p)
{
	p->info.version = (unsigned)tacit_json_read_uint(&p->j, UINT32_MAX);
	if (p->info.version != 2 && p->info.version != 3)
		tacit_json_read_reject(&p->j, "a TCB info that is not version 2 or 3");
}

static void read_type(struct parse *p)
{
	if (tacit_json_read_uint(&p->j, UINT32_MAX) != 0)
		tacit_json_read_reject(&p->j, "a tcbType that is not 0");
}

static void read_fmspc(struct parse *p)
{
	tacit_json_read_hex(&p->j, p->info.fmspc, sizeof(p->info.fmspc));
}

static void read_pceid(struct parse *p)
{
	tacit_json_read_hex(&p->j, p->info.pceid, sizeof(p->info.pceid));
}

static void read_default_module(struct parse *p)
{
	read_module(p, &p->info.module, HAS_MRSIGNER | HAS_ATTRIBUTES | HAS_MASK);
}

static const struct {
	const char *name;
	unsigned seen;
	void (*read)(struct parse *p); /* NULL: tacit_intel_member() */
} MEMBERS[] = {
	{ "id", SEEN_ID, read_id },
	{ "version", SEEN_VERSION, read_version },
	{ "issueDate", SEEN_ISSUE, NULL },
	{ "nextUpdate", SEEN_NEXT, NULL },
	{ "fmspc", SEEN_FMSPC, read_fmspc },
	{ "pceId", SEEN_PCEID, read_pceid },
	{ "tcbType", SEEN_TYPE, read_type },
	{ "tcbEvaluationDataNumber", SEEN_NUMBER, NULL },
	{ "tdxModule", SEEN_MODULE, read_default_module },
	{ "tdxModuleIdentities", 0, read_identities },
	{ "tcbLevels", SEEN_LEVELS, read_levels },
};

static void read_member(struct parse *p, struct tacit_slice name)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(MEMBERS); i++) {
		if (!is(name, MEMBERS[i].name))
			continue;
		p->seen |= MEMBERS[i].seen;
		if (MEMBERS[i].read)
			MEMBERS[i].read(p);
		else
			(void)tacit_intel_member(&p->j, name, &p->info.doc);
		return;
	}
	tacit_json_read_skip(&p->j); /* Intel adds members; its own verifier passes over them */
}

/* What must be there, by version and technology, once all is read. */
static void judge(struct parse *p)
{
	unsigned required = SEEN_ALWAYS;

	if (p->info.version == 3)
		required |= SEEN_ID;
	if (p->info.tdx)
		required |= SEEN_MODULE;
	if ((p->seen & required) != required)
		tacit_json_read_reject(&p->j, "a member is missing");
	if (p->info.version == 2 && (p->info.tdx || p->lists))
		tacit_json_read_reject(&p->j, "version 2 has SGX components by name");
	if (p->info.version == 3 && p->flat)
		tacit_json_read_reject(&p->j, "version 3 has components in arrays");
	if (p->info.tdx && p->lacks_tdx)
		tacit_json_read_reject(&p->j, "a level without TDX components");
}

enum tacit_status tacit_tcb_info_parse(const struct tacit_intel_signed *doc,
				       struct tacit_arena *arena, struct tacit_tcb_info *ret,
				       struct tacit_error *err)
{
	struct parse p = { .arena = arena };
	struct tacit_slice name;

	p.j = tacit_json_read_of(doc->body);
	p.info.doc = *doc;
	tacit_json_read_object(&p.j);
	while (tacit_json_read_member(&p.j, &name))
		read_member(&p, name);
	judge(&p);
	enum tacit_status st = tacit_json_read_finish(&p.j, WHERE, err);
	if (st == TACIT_OK)
		*ret = p.info;
	return st;
}
