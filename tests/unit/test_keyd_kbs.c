/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_kbs.h"

#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/hex.h"
#include "codec/json.h"
#include "codec/jwt.h"
#include "crypto/random.h"
#include "release/jwe.h"
#include "release/keyd_kbs_inside.h"
#include "tacit/snp.h"
#include "tacit/tdx.h"
#include "tests/pki/dcap_collateral.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

/*
 * A guest on TDX, by Trustee's protocol, in one process: quotes of our own PKI, at its time. What
 * Nitro's guests do is in e2e/keyd.t.
 */

#define REPORT_DATA 520 /* in the body of a TD report [TDX-QUOTE A.3.2] */
#define MRTD        136

static const char JWK[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ECDH-ES+A256KW\","
			  "\"x\":\"D1g4sxK7B5nsiwk-rIOhw6F7V592oH-klkIf6n8PcBI\","
			  "\"y\":\"YSuJUrJJuUUQtgBV2D03w7n5BVHvALobfXIXWEAY-aQ\"}";
static const char D[] = "2P9WKJNxqHy98k4wz8jlwKL7nDOviYp0orStf9OhFVs";
static const char SECRET[] = "what the guest is for";

static struct tacit_keyd_config config = { .region = "us-east-1",
					   .account = "000000000000",
					   .max_age = 300 };
static struct tacit_keyd_desk desk = { .config = &config };
static struct tacit_kbs_sessions *sessions;
static struct tacit_slice root;
static int64_t now = DCAP_NOW;
static char right[512]; /* policy for its evidence */

/* ---- one request ---------------------------------------------------------------------------- */

struct asked {
	struct tacit_keyd_answer answer;
	char session[TACIT_KBS_SESSION_ID + 1];
};

enum fate { LOGGED, WAITS, REPLAYED };

static struct asked ask_until(const char *method, const char *path, const char *session,
			      const char *body, enum fate fate)
{
	struct asked asked = { .session = "" };
	struct tacit_kbs_call call = { .now = now, .body = tacit_slice_str(body) };
	char cookie[128];

	snprintf(cookie, sizeof(cookie), "kbs-session-id=%s", session);
	if (!tacit_kbs_call_fill(tacit_slice_str(method), tacit_slice_str(path),
				 tacit_slice_str(cookie), tacit_slice_of(NULL, 0), &call)) {
		ok(false, "%s %s is a request", method, path);
		return asked;
	}
	call.now = now;
	call.body = tacit_slice_str(body);
	tacit_kbs_answer(&desk, sessions, &call, &asked.answer);
	if (fate == REPLAYED) /* as the log's writer finds out */
		tacit_kbs_refuse(&asked.answer, 401, "AttestationError", "used already");
	if (fate != WAITS && asked.answer.logged)
		tacit_kbs_settle(sessions, &call, &asked.answer);
	const char *given = strstr(asked.answer.cookie, "kbs-session-id=");
	if (given)
		snprintf(asked.session, sizeof(asked.session), "%.32s", given + 15);
	return asked;
}

static struct asked ask(const char *method, const char *path, const char *session, const char *body)
{
	return ask_until(method, path, session, body, LOGGED);
}

static json_t *body_of(const struct asked *asked)
{
	json_t *object = NULL;
	enum tacit_status st = tacit_json_parse(
		tacit_slice_of(asked->answer.body.ptr, asked->answer.body.len), &object, NULL);

	return st == TACIT_OK ? object : NULL;
}

static bool says(const struct asked *asked, const char *what)
{
	return asked->answer.body.len &&
	       memmem(asked->answer.body.ptr, asked->answer.body.len, what, strlen(what)) != NULL;
}

/* ---- a guest -------------------------------------------------------------------------------- */

struct guest {
	char session[TACIT_KBS_SESSION_ID + 1], nonce[64];
	const char *additional;
	const char *events; /* JSON */
	void (*change)(struct dcap_quote_spec *spec);
};

static bool begin(struct guest *g)
{
	struct asked asked = ask("POST", "/kbs/v0/auth", "",
				 "{\"version\":\"0.4.0\",\"tee\":\"tdx\",\"extra-params\":\"\"}");
	json_t *object = body_of(&asked);
	const char *nonce = json_string_value(json_object_get(object, "nonce"));

	snprintf(g->session, sizeof(g->session), "%s", asked.session);
	snprintf(g->nonce, sizeof(g->nonce), "%s", nonce ? nonce : "");
	json_decref(object);
	tacit_keyd_answer_done(&asked.answer);
	return g->nonce[0] && g->session[0];
}

static void make_quote(const struct guest *g, char *text, size_t size)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	const struct tacit_kbs_runtime runtime = {
		.additional = tacit_slice_str(g->additional ? g->additional : ""),
		.nonce = tacit_slice_str(g->nonce),
		.pubkey = tacit_slice_str(JWK),
	};
	static uint8_t room[65536];
	struct tacit_arena arena;

	tacit_arena_init(&arena, room, sizeof(room));
	memset(spec.body + REPORT_DATA, 0, 64);
	if (tacit_kbs_bound(&runtime, TACIT_SHA384, &arena, spec.body + REPORT_DATA, NULL) !=
	    TACIT_OK)
		ok(false, "what the quote stands for");
	if (g->change)
		g->change(&spec);
	struct tacit_slice quote = dcap_quote(&spec);
	if (tacit_base64_size(TACIT_BASE64, quote.len) < size)
		tacit_base64_encode(TACIT_BASE64, quote, text);
}

static struct asked attest_until(const struct guest *g, enum fate fate)
{
	static char quote[32768], body[1 << 20];

	make_quote(g, quote, sizeof(quote));
	snprintf(body, sizeof(body),
		 "{\"init-data\":null,\"runtime-data\":{\"nonce\":\"%s\",\"tee-pubkey\":%s},"
		 "\"tee-evidence\":{\"primary_evidence\":{\"quote\":\"%s\",\"cc_eventlog\":%s},"
		 "\"additional_evidence\":\"%s\"}}",
		 g->nonce, JWK, quote, g->events ? g->events : "null",
		 g->additional ? g->additional : "");
	return ask_until("POST", "/kbs/v0/attest", g->session, body, fate);
}

static struct asked attest(const struct guest *g)
{
	return attest_until(g, LOGGED);
}

static struct asked resource(const struct guest *g, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "/kbs/v0/resource/%s", name);
	return ask("GET", path, g->session, "");
}

static bool opens(const struct asked *asked, const char *want)
{
	static uint8_t room[65536];
	struct tacit_arena arena;
	struct tacit_key *key = NULL;
	struct tacit_slice plain;
	uint8_t d[32];
	size_t len;

	tacit_arena_init(&arena, room, sizeof(room));
	if (!tacit_base64_decode(TACIT_BASE64URL, tacit_slice_str(D), tacit_mut_of(d, sizeof(d)),
				 &len) ||
	    tacit_key_private(TACIT_P256, TACIT_SLICE_ARRAY(d), &key, NULL) != TACIT_OK)
		return false;
	const struct tacit_jwe_own own = { .p256 = key };
	bool same =
		tacit_jwe_open(&own, tacit_slice_of(asked->answer.body.ptr, asked->answer.body.len),
			       &arena, &plain, NULL) == TACIT_OK &&
		tacit_slice_eq(plain, tacit_slice_str(want));
	tacit_key_free(key);
	return same;
}

static void expect(struct asked asked, unsigned status, const char *what, const char *name)
{
	ok(asked.answer.status == status && (!what || says(&asked, what)), "%s", name);
	if (asked.answer.status != status || (what && !says(&asked, what)))
		printf("# %u: %.*s\n", asked.answer.status, (int)asked.answer.body.len,
		       (const char *)asked.answer.body.ptr);
	tacit_keyd_answer_done(&asked.answer);
}

/* ---- the protocol --------------------------------------------------------------------------- */

static void good_guest(void)
{
	struct guest g = { .additional = "" };

	ok(begin(&g), "a nonce and a session");
	struct asked asked = attest(&g);
	ok(asked.answer.status == 200 && says(&asked, "\"token\""), "a quote over nonce and key");
	ok(asked.answer.logged && strcmp(asked.answer.release.entry.platform, "tdx") == 0 &&
		   asked.answer.release.once[0].ptr && asked.answer.release.once[1].ptr,
	   "is logged, with what counts once");
	ok(asked.answer.release.until > now + 86400,
	   "for as long as evidence may be taken under any --max-age");
	tacit_keyd_answer_done(&asked.answer);
	asked = resource(&g, "default/key/td");
	ok(asked.answer.status == 200 && opens(&asked, SECRET), "opens its resource");
	ok(asked.answer.logged && !asked.answer.release.once[0].ptr,
	   "which is logged, and may be had again");
	tacit_keyd_answer_done(&asked.answer);
	expect(resource(&g, "default/key/other"), 403, "PolicyDeny", "not one for another MRTD");
	expect(resource(&g, "default/key/aws"), 200, "ciphertext", "one by a key policy");
	expect(resource(&g, "default/key/kms"), 404, "ResourceNotFound", "a key of KMS is none");
	now += 300;
	expect(resource(&g, "default/key/td"), 200, "ciphertext", "at the end of the session");
	now += 1;
	expect(resource(&g, "default/key/td"), 401, "Unauthenticated", "and behind it");
	now = DCAP_NOW;
}

static void other_data(struct dcap_quote_spec *spec)
{
	spec->body[REPORT_DATA] ^= 1;
}

static void padding(struct dcap_quote_spec *spec)
{
	spec->body[REPORT_DATA + 63] = 1;
}

static void debug(struct dcap_quote_spec *spec)
{
	spec->body[120] = 1;
}

static void old_tcb(struct dcap_quote_spec *spec)
{
	spec->body[2] = 1;
}

static void bad_guests(void)
{
	static const struct {
		const char *name, *what;
		void (*change)(struct dcap_quote_spec *spec);
	} ROWS[] = {
		{ "other report data", "AttestationError", other_data },
		{ "report data with more behind the digest", "AttestationError", padding },
		{ "a debug TD", "AttestationError", debug },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct guest g = { .change = ROWS[i].change };

		begin(&g);
		expect(attest(&g), 401, ROWS[i].what, ROWS[i].name);
		expect(resource(&g, "default/key/td"), 401, "Unauthenticated", "has no session");
	}
	struct guest g = { .change = old_tcb };
	begin(&g);
	expect(attest(&g), 200, "token", "an old TCB is genuine");
	expect(resource(&g, "default/key/td"), 403, "PolicyDeny", "and not enough for the policy");
	expect(resource(&g, "default/key/pinned"), 403, "TCB is OutOfDate",
	       "nor for a key policy that says nothing of it");
	expect(resource(&g, "default/key/old"), 200, "ciphertext",
	       "but for an appraisal that accepts it");
}

/* What the platform is held to where no appraisal policy says anything. */
static void platforms(void)
{
	struct tacit_tdx_claims tdx = { .attributes = TACIT_TDX_SEPT_VE_DISABLE };
	struct tacit_snp_claims snp = { .vmpl = 0 };
	struct tacit_claims nitro = { .tee = TACIT_TEE_NITRO };
	struct tacit_claims intel = { .tdx = &tdx, .tcb_status = "UpToDate" };
	struct tacit_claims amd = { .snp = &snp };

	is_status(tacit_keyd_platform_check(&nitro, NULL), TACIT_OK, "an enclave");
	is_status(tacit_keyd_platform_check(&intel, NULL), TACIT_OK, "a TD");
	is_status(tacit_keyd_platform_check(&amd, NULL), TACIT_OK, "a guest of SNP");
	intel.tcb_status = "SWHardeningNeeded";
	is_status(tacit_keyd_platform_check(&intel, NULL), TACIT_POLICY, "any other TCB status");
	intel.tcb_status = "UpToDate";
	tdx.attributes = 0;
	is_status(tacit_keyd_platform_check(&intel, NULL), TACIT_POLICY,
		  "a TD on which the host may inject #VE");
	snp.vmpl = 1;
	is_status(tacit_keyd_platform_check(&amd, NULL), TACIT_POLICY, "another VMPL");
	snp.vmpl = 0;
	snp.policy = TACIT_SNP_POLICY_MIGRATE_MA;
	is_status(tacit_keyd_platform_check(&amd, NULL), TACIT_POLICY, "a migration agent");
}

/* The longest resource there may be, for evidence as long as it may be. */
static void longest(void)
{
	static uint8_t resource_bytes[TACIT_KEYD_MATERIAL_MAX + 1];
	static char events[500 * 1024];
	const struct tacit_keyd_actor actor = { tacit_slice_str("operator"), DCAP_NOW };
	struct tacit_keyd_key key = { .name = tacit_slice_str("default/key/long"),
				      .spec = tacit_slice_str("RESOURCE") };
	struct tacit_slice bytes = tacit_slice_of(resource_bytes, TACIT_KEYD_MATERIAL_MAX);
	struct guest g = { .events = events };
	char id[TACIT_KEYD_ID_LEN + 1];
	struct tacit_error err = { 0 };

	key.appraisal = tacit_slice_str(right);
	is_status(tacit_keyd_key_create(desk.store, &actor, &key, bytes, id, NULL), TACIT_OK,
		  "a resource of 1 MiB");
	key.name = tacit_slice_str("default/key/longer");
	bytes.len++;
	is_status(tacit_keyd_key_create(desk.store, &actor, &key, bytes, id, &err), TACIT_LIMIT,
		  "and no longer one");
	ok(strstr(err.detail, "1048577 bytes, and at most 1048576") != NULL, "which says why: %s",
	   err.detail);
	memset(events, ' ', sizeof(events) - 1);
	memcpy(events, "null", 4);
	begin(&g);
	expect(attest(&g), 200, "token", "long evidence");
	expect(resource(&g, "default/key/long"), 200, "ciphertext", "is given the longest");
}

static void nonces(void)
{
	struct guest g = { 0 }, other = { 0 };

	begin(&g);
	expect(attest(&g), 200, "token", "a nonce");
	expect(attest(&g), 401, "used already", "is used once");
	begin(&g);
	begin(&other);
	snprintf(g.nonce, sizeof(g.nonce), "%s", other.nonce);
	expect(attest(&g), 401, "another session", "and in its own session");
	begin(&g);
	now += TACIT_KEYD_NONCE_LIFE + 1;
	expect(attest(&g), 401, "seconds old", "and within its life");
	now = DCAP_NOW;
	begin(&g);
	g.nonce[0] = g.nonce[0] == 'A' ? 'B' : 'A';
	expect(attest(&g), 401, NULL, "and is ours");
}

/* A session opens nothing before its row is in the log, nor when it was used before. */
static void late_ends(void)
{
	struct guest g = { 0 };

	begin(&g);
	expect(attest_until(&g, WAITS), 200, "token", "a session before the log");
	expect(resource(&g, "default/key/td"), 401, "Unauthenticated", "opens nothing");
	expect(attest(&g), 401, "used already", "and its place is taken");
	begin(&g);
	expect(attest_until(&g, REPLAYED), 401, "used already", "one that the log refuses");
	expect(resource(&g, "default/key/td"), 401, "Unauthenticated", "opens nothing");
	expect(attest(&g), 200, "token", "and has left its place");
}

/* ---- floods --------------------------------------------------------------------------------- */

static void put_session(struct tacit_kbs_sessions *all, unsigned number, size_t bytes)
{
	static const uint8_t evidence[512 * 1024];
	static const struct tacit_keyd_answer good = { .status = 200 };
	struct tacit_kbs_call call = { .step = TACIT_KBS_ATTEST };
	struct tacit_kbs_session session = { .since = now,
					     .until = now + 300,
					     .evidence = tacit_slice_of(evidence, bytes),
					     .pubkey = tacit_slice_str(JWK) };

	snprintf(session.id, sizeof(session.id), "%032u", number);
	memcpy(call.session, session.id, sizeof(session.id));
	if (tacit_kbs_session_put(all, &session, now, NULL) != TACIT_OK)
		ok(false, "session %u", number);
	tacit_kbs_settle(all, &call, &good);
}

static bool has_session(struct tacit_kbs_sessions *all, unsigned number)
{
	struct tacit_kbs_session session;
	char id[TACIT_KBS_SESSION_ID + 1];

	snprintf(id, sizeof(id), "%032u", number);
	tacit_arena_wipe(&desk.arena);
	return tacit_kbs_session_get(all, id, now, &desk.arena, &session);
}

static void floods(void)
{
	struct tacit_kbs_sessions *all = NULL;

	is_status(tacit_kbs_sessions_new(&all, NULL), TACIT_OK, "no session");
	for (unsigned i = 0; i < 1024; i++)
		put_session(all, i, 1);
	ok(has_session(all, 0) && has_session(all, 1023), "1024 of them");
	put_session(all, 1024, 1);
	ok(!has_session(all, 0) && has_session(all, 1) && has_session(all, 1024),
	   "one more ends the first");
	put_session(all, 1025, 1);
	ok(!has_session(all, 1) && has_session(all, 2), "and another the second");
	tacit_kbs_sessions_free(all);
	is_status(tacit_kbs_sessions_new(&all, NULL), TACIT_OK, "no session");
	for (unsigned i = 0; i < 128; i++)
		put_session(all, i, 512 * 1024);
	ok(has_session(all, 0) && has_session(all, 127), "64 MiB of evidence");
	put_session(all, 128, 1);
	ok(!has_session(all, 0) && has_session(all, 1) && has_session(all, 128),
	   "a byte more ends the first");
	tacit_kbs_sessions_free(all);
	struct guest g = { 0 };
	begin(&g);
	expect(attest(&g), 200, "token", "a session");
	for (unsigned i = 0; i < 15; i++)
		expect(resource(&g, "default/key/other"), 403, "PolicyDeny", "is refused");
	for (unsigned i = 0; i < 20; i++)
		expect(resource(&g, "default/key/none"), 404, NULL, "what is not there counts not");
	expect(resource(&g, "default/key/td"), 200, "ciphertext", "and has what it may have");
	expect(resource(&g, "default/key/other"), 403, "PolicyDeny", "the sixteenth time");
	expect(resource(&g, "default/key/td"), 401, "Unauthenticated", "it ends");
}

static void bodies(void)
{
	static const char *const BAD[] = {
		"",
		"[]",
		"{\"runtime-data\":{},\"tee-evidence\":{}}",
		"{\"runtime-data\":{\"nonce\":\"x\",\"tee-pubkey\":{},\"more\":1},"
		"\"tee-evidence\":{\"primary_evidence\":{}}}",
		"{\"runtime-data\":{\"nonce\":1},\"tee-evidence\":{\"primary_evidence\":{}}}",
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(BAD); i++)
		expect(ask("POST", "/kbs/v0/attest", "", BAD[i]), 400, "InvalidRequest", BAD[i]);
	expect(ask("POST", "/kbs/v0/auth", "", "{\"version\":\"0.4.0\"}"), 401, "ProtocolVersion",
	       "no TEE");
	expect(ask("POST", "/kbs/v0/auth", "", "{"), 400, "InvalidRequest", "no JSON");
}

/* ---- set up --------------------------------------------------------------------------------- */

static bool add_key(const char *spec, const char *name, const char *policy, const char *appraisal)
{
	const struct tacit_keyd_actor actor = { tacit_slice_str("operator"), DCAP_NOW };
	const struct tacit_keyd_key key = { .name = tacit_slice_str(name),
					    .spec = tacit_slice_str(spec),
					    .policy = tacit_slice_str(policy),
					    .appraisal = tacit_slice_str(appraisal) };
	char id[TACIT_KEYD_ID_LEN + 1];

	return tacit_keyd_key_create(desk.store, &actor, &key, tacit_slice_str(SECRET), id, NULL) ==
	       TACIT_OK;
}

static bool add_resource(const char *name, const char *policy, const char *appraisal)
{
	return add_key("RESOURCE", name, policy, appraisal);
}

static bool add_resources(void)
{
	struct dcap_quote_spec spec = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	char mrtd[97], wrong[97], wrong_policy[512], old[512], aws[512];
	char pinned[512];
	static const char FORM[] = "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":"
				   "\"tdx\",\"measurements\":{\"mrtd\":\"%s\"}}]}";

	tacit_hex_encode(tacit_slice_of(spec.body + MRTD, 48), mrtd);
	snprintf(wrong, sizeof(wrong), "%s", mrtd);
	wrong[95] = wrong[95] == '0' ? '1' : '0';
	snprintf(right, sizeof(right), FORM, mrtd);
	snprintf(wrong_policy, sizeof(wrong_policy), FORM, wrong);
	snprintf(old, sizeof(old),
		 "{\"schema\":\"tacit.policy/1\",\"alternatives\":[{\"platform\":\"tdx\","
		 "\"measurements\":{\"mrtd\":\"%s\"},\"tdx\":{\"tcb_status\":[\"OutOfDate\"]}}]}",
		 mrtd);
	snprintf(pinned, sizeof(pinned),
		 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
		 "\"*\",\"Action\":\"kbs:GetResource\",\"Resource\":\"*\",\"Condition\":{"
		 "\"StringEquals\":{\"tacit:Measurement:mrtd\":\"%s\"}}}]}",
		 mrtd);
	snprintf(aws, sizeof(aws),
		 "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":"
		 "\"*\",\"Action\":\"kbs:GetResource\",\"Resource\":\"*\",\"Condition\":{"
		 "\"StringEquals\":{\"tacit:Measurement:mrtd\":\"%s\",\"tacit:TcbStatus\":"
		 "\"UpToDate\"}}}]}",
		 mrtd);
	return add_resource("default/key/td", NULL, right) &&
	       add_resource("default/key/other", NULL, wrong_policy) &&
	       add_resource("default/key/aws", aws, NULL) &&
	       add_resource("default/key/pinned", pinned, NULL) &&
	       add_resource("default/key/old", pinned, old) &&
	       add_key("SYMMETRIC_DEFAULT", "default/key/kms", NULL, right);
}

static bool set_up(const char *folder)
{
	static uint8_t desk_room[TACIT_KEYD_DESK_ROOM], room[1 << 20];
	struct dcap_collateral all = dcap_collateral(true);
	struct tacit_slice pieces[DCAP_PIECES];
	size_t count = dcap_pieces(&all, pieces);
	struct tacit_keyd_master master;
	static struct tacit_arena arena;
	char path[256];

	tacit_arena_init(&desk.arena, desk_room, sizeof(desk_room));
	tacit_arena_init(&arena, room, sizeof(room));
	root = dcap_world()->root->der;
	config.insecure_test_roots = &root;
	config.insecure_test_root_count = 1;
	snprintf(path, sizeof(path), "%s/store.db", folder);
	return tacit_collateral_parse(pieces, count, &arena, &config.collateral, NULL) ==
		       TACIT_OK &&
	       tacit_keyd_nonces_init(&config.nonces, NULL) == TACIT_OK &&
	       tacit_keyd_master_read(tacit_slice_str("0123456789abcdef0123456789abcdef"), &master,
				      NULL) == TACIT_OK &&
	       tacit_keyd_store_open(path, TACIT_KEYD_WRITE, &master, &desk.store, NULL) ==
		       TACIT_OK &&
	       tacit_kbs_sessions_new(&sessions, NULL) == TACIT_OK && add_resources();
}

/* ---- tokens --------------------------------------------------------------------------------- */

static json_t *at(json_t *object, const char *const *path, size_t count)
{
	for (size_t i = 0; i < count; i++)
		object = json_object_get(object, path[i]);
	return object;
}

/* As who reads Trustee's tokens looks for things. */
static void is_trustees(struct tacit_slice payload, const struct guest *g)
{
	static const char *const KEY[] = { "submods", "cpu0", "ear.veraison.annotated-evidence",
					   "runtime_data_claims", "tee-pubkey" };
	json_t *all = json_loadb((const char *)payload.ptr, payload.len, 0, NULL);
	json_t *jwk = json_loads(JWK, 0, NULL);
	json_t *runtime = at(all, KEY, 4);

	ok(json_equal(at(all, KEY, 5), jwk), "the guest's key is where Trustee has it");
	ok(strcmp(json_string_value(json_object_get(runtime, "nonce")), g->nonce) == 0,
	   "the nonce");
	ok(strcmp(json_string_value(json_object_get(all, "eat_profile")),
		  "tag:github.com,2024:confidential-containers/Trustee") == 0,
	   "under its profile");
	ok(strcmp(json_string_value(json_object_get(all, "sub")), g->session) == 0, "the session");
	json_decref(all);
	json_decref(jwk);
}

static void tokens(void)
{
	static uint8_t room[65536];
	struct guest g = { .additional = "" };
	struct tacit_arena arena;
	struct tacit_jwt jwt = { .payload = { NULL, 0 } };
	struct tacit_ear ear = { .submod_count = 0 };

	ok(begin(&g), "a nonce and a session");
	struct asked asked = attest(&g);
	json_t *body = body_of(&asked);
	const char *token = json_string_value(json_object_get(body, "token"));
	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_jwt_parse(tacit_slice_str(token), "ES256", &arena, &jwt, NULL), TACIT_OK,
		  "the token is a JWT");
	is_status(tacit_ear_parse_json(jwt.payload, &arena, &ear, NULL), TACIT_OK, "and an EAR");
	ok(ear.names == TACIT_EAR_VERAISON && ear.issued == now && ear.expiry == now + 300,
	   "with its times");
	ok(ear.submod_count == 1 && tacit_slice_eq(ear.submods[0].name, tacit_slice_str("cpu0")),
	   "about one machine");
	ok(ear.submods[0].status == TACIT_EAR_CONTRAINDICATED &&
		   ear.submods[0].vector.value[TACIT_EAR_HARDWARE] == 97,
	   "which under a test root is no hardware");
	is_trustees(jwt.payload, &g);
	json_decref(body);
	tacit_keyd_answer_done(&asked.answer);
}

/* The longest key and every status: the token fits where requests carry it, and comes back. */
static void long_token(void)
{
	static uint8_t room[65536];
	static char key[2049], id[TACIT_KBS_SESSION_ID + 1];
	char back[TACIT_KBS_SESSION_ID + 1] = "";
	struct tacit_ear_submod rated = { .name = tacit_slice_str("nitrotpm"),
					  .status = TACIT_EAR_CONTRAINDICATED };
	struct tacit_kbs_session session = { .since = now, .until = now + 1 };
	struct tacit_arena arena;
	struct tacit_slice token = { NULL, 0 };

	memset(key, 'a', sizeof(key) - 1);
	memcpy(key, "{\"n\":\"", 6);
	memcpy(key + sizeof(key) - 3, "\"}", 2);
	memset(id, 'b', sizeof(id) - 1);
	memcpy(session.id, id, sizeof(id));
	session.pubkey = tacit_slice_str(key);
	session.nonce = tacit_slice_str("bm9uY2Ugbm9uY2Ugbm9uY2Ugbm9uY2Ugbm9uY2Ugbm8=");
	for (unsigned i = 0; i < TACIT_EAR_CLAIMS; i++)
		tacit_ear_set(&rated.vector, i, 97);
	tacit_arena_init(&arena, room, sizeof(room));
	is_status(tacit_kbs_token_make(sessions, &session, &rated, &arena, &token, NULL), TACIT_OK,
		  "a token for a key of 2048 characters");
	ok(token.len && token.len < TACIT_KBS_TOKEN_MAX, "of %zu", token.len);
	is_status(tacit_kbs_token_read(sessions, token, now + 1, &arena, back, NULL), TACIT_OK,
		  "is read");
	ok(strcmp(back, id) == 0, "and names its session");
	is_status(tacit_kbs_token_read(sessions, token, now + 2, &arena, back, NULL), TACIT_EXPIRED,
		  "until it ends");
	for (size_t i = 0; i < token.len; i += 97) {
		uint8_t *byte = (uint8_t *)(uintptr_t)token.ptr + i;
		uint8_t was = *byte;

		*byte = was == 'A' ? 'B' : 'A';
		if (tacit_kbs_token_read(sessions, token, now, &arena, back, NULL) == TACIT_OK)
			ok(false, "character %zu may be changed", i);
		*byte = was;
		tacit_arena_init(&arena, room + 16384, sizeof(room) - 16384);
	}
	struct tacit_kbs_sessions *others = NULL;
	is_status(tacit_kbs_sessions_new(&others, NULL), TACIT_OK, "another process");
	is_status(tacit_kbs_token_read(others, token, now, &arena, back, NULL), TACIT_SIGNATURE,
		  "does not take it");
	tacit_kbs_sessions_free(others);
}

int main(void)
{
	char folder[] = "/tmp/tacit-kbs-XXXXXX", command[64];

	if (!mkdtemp(folder))
		return 1;
	ok(set_up(folder), "a broker with three resources");
	good_guest();
	bad_guests();
	platforms();
	longest();
	nonces();
	late_ends();
	floods();
	bodies();
	tokens();
	long_token();
	tacit_kbs_sessions_free(sessions);
	tacit_keyd_store_close(desk.store);
	pki_done();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) != 0 || done();
}
