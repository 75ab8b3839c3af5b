/* SPDX-License-Identifier: Apache-2.0 */

/* /dev/sev-guest as a function: what the firmware and the host may answer to its two requests. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "sys/sev_guest.h"
#include "tests/tap.h"

#define REPORT_LEN 1184
#define CERTS      8192

struct envelope {
	uint8_t version;
	uint64_t request, response;
	uint32_t firmware_error, vmm_error;
};

struct question {
	uint8_t data[64];
	uint32_t vmpl;
	uint8_t reserved[28];
	uint64_t certs;
	uint32_t certs_len;
};

/* How the device behaves, and what it saw. */
struct fake {
	uint32_t certs_len; /* the host's certificates */
	uint32_t announced; /* what it says of their length, when that is not true */
	unsigned busy;      /* so many calls fail with that */
	bool busy_by_code, no_extended, no_plain;
	int code; /* of all calls */
	uint32_t firmware_error, status, len;
	unsigned extended, plain;
	bool bad; /* a request that no driver would take */
};

static int refuse(struct envelope *e, int code, uint32_t vmm_error)
{
	e->vmm_error = vmm_error;
	return code;
}

static void answer(const struct fake *f, const struct question *q, uint8_t *to)
{
	const uint32_t head[] = { f->status, f->len ? f->len : REPORT_LEN };

	memcpy(to, head, sizeof(head));
	memset(to + 32, 0xa5, REPORT_LEN);
	memcpy(to + 32 + 0x50, q->data, sizeof(q->data));
}

static int give_certs(const struct fake *f, struct envelope *e, struct question *q)
{
	if (!f->certs_len)
		return 0;
	if (q->certs_len < f->certs_len || !q->certs) {
		q->certs_len = f->announced ? f->announced : f->certs_len;
		return refuse(e, EIO, 1);
	}
	memset((void *)(uintptr_t)q->certs, 0xc7, f->certs_len);
	return 0;
}

static int play(void *user, unsigned long request, void *argument)
{
	struct fake *f = user;
	struct envelope *e = argument;
	struct question *q = (void *)(uintptr_t)e->request;
	bool extended = request == _IOWR('S', 2, struct envelope);
	int code = 0;

	f->bad = f->bad || e->version != 1 || q->vmpl != 0 ||
		 (!extended && request != _IOWR('S', 0, struct envelope)) ||
		 (extended && (q->certs_len % 4096 || q->certs % 4096));
	*(extended ? &f->extended : &f->plain) += 1;
	if (f->busy) {
		f->busy--;
		return f->busy_by_code ? refuse(e, EAGAIN, 0) : refuse(e, EIO, 2);
	}
	e->firmware_error = f->firmware_error;
	if (f->code || (extended ? f->no_extended : f->no_plain))
		return f->code ? f->code : EIO;
	if (extended)
		code = give_certs(f, e, q);
	if (code == 0)
		answer(f, q, (uint8_t *)(uintptr_t)e->response);
	return code;
}

static uint8_t room[2 * TACIT_TSM_OUTPUT_MAX];
static uint8_t input[64];

static enum tacit_status ask(struct fake *f, struct tacit_tsm_report *ret, struct tacit_error *err)
{
	memset(ret, 0, sizeof(*ret));
	memset(input, 0x3c, sizeof(input));
	return tacit_sev_guest_report_with(play, f, input, tacit_mut_of(room, sizeof(room)), ret,
					   err);
}

static void gives(struct fake f, size_t certs, unsigned extended, unsigned plain, const char *name)
{
	struct tacit_tsm_report report;
	struct tacit_error err = { 0 };

	is_status(ask(&f, &report, &err), TACIT_OK, name);
	ok(report.out.len == REPORT_LEN && memcmp(report.out.ptr + 0x50, input, 64) == 0,
	   "%s: the report over our data", name);
	ok(report.aux.len == certs && (certs == 0 || report.aux.ptr[certs - 1] == 0xc7),
	   "%s: %zu bytes of certificates", name, certs);
	ok(f.extended == extended && f.plain == plain, "%s: %u and %u requests", name, f.extended,
	   f.plain);
	ok(!f.bad, "%s: every request is one that the driver takes", name);
}

static void refuses(struct fake f, enum tacit_status want, const char *says, const char *name)
{
	struct tacit_tsm_report report;
	struct tacit_error err = { 0 };

	is_status(ask(&f, &report, &err), want, name);
	ok(!report.out.ptr, "%s: and gives nothing", name);
	if (!ok(strstr(err.detail, says) != NULL, "%s: says '%s'", name, says))
		printf("# got %s\n", err.detail);
}

/* ---- derived keys --------------------------------------------------------------------------- */

struct key_question {
	uint32_t root, reserved;
	uint64_t fields;
	uint32_t vmpl, guest_svn;
	uint64_t tcb;
};

/* What of it the device plays, and what it saw. */
struct key_fake {
	unsigned busy;
	int code;
	uint32_t firmware_error, vmm_error, status;
	bool silent; /* success, and nothing in the answer */
	bool half;   /* the last byte of the key alone is not zero */
	unsigned calls;
	bool bad;
	struct key_question question;
	uint8_t *answer;
};

static int play_key(void *user, unsigned long request, void *argument)
{
	struct key_fake *f = user;
	struct envelope *e = argument;

	f->calls++;
	f->bad = f->bad || e->version != 1 || request != _IOWR('S', 1, struct envelope);
	memcpy(&f->question, (void *)(uintptr_t)e->request, sizeof(f->question));
	f->answer = (uint8_t *)(uintptr_t)e->response;
	if (f->busy) {
		f->busy--;
		return refuse(e, EIO, 2);
	}
	e->firmware_error = f->firmware_error;
	e->vmm_error = f->vmm_error;
	if (f->code || f->silent)
		return f->code;
	memcpy(f->answer, &f->status, sizeof(f->status));
	memset(f->answer + 32, f->half ? 0 : 0x5e, 31);
	f->answer[63] = 0x5f;
	return 0;
}

static const struct tacit_sev_guest_key_request USUAL = {
	.fields = TACIT_SEV_GUEST_MEASUREMENT | TACIT_SEV_GUEST_POLICY,
};

static void derives(struct tacit_sev_guest_key_request request, unsigned busy, const char *name)
{
	struct key_fake f = { .busy = busy };
	struct tacit_error err = { 0 };
	uint8_t key[32] = { 0 };
	const struct key_question want = { (uint32_t)request.root, 0,
					   request.fields,         request.vmpl,
					   request.guest_svn,      request.tcb };

	if (!is_status(tacit_sev_guest_key_with(play_key, &f, &request, key, &err), TACIT_OK, name))
		printf("# %s\n", err.detail);
	ok(key[0] == 0x5e && key[30] == 0x5e && key[31] == 0x5f, "%s: the key", name);
	ok(memcmp(&f.question, &want, sizeof(want)) == 0, "%s: all that was asked for", name);
	ok(!f.bad && f.calls == busy + 1, "%s: in %u requests", name, f.calls);
}

static void no_key(struct key_fake f, const struct tacit_sev_guest_key_request *request,
		   enum tacit_status want, const char *says, const char *name)
{
	struct tacit_error err = { 0 };
	uint8_t key[32], untouched[32];

	memset(key, 0xee, sizeof(key));
	memset(untouched, 0xee, sizeof(untouched));
	enum tacit_status got = tacit_sev_guest_key_with(play_key, &f, request, key, &err);
	if (!ok(got == want && strstr(err.detail, says) && memcmp(key, untouched, 32) == 0,
		"%s: %s", name, says))
		printf("# %s: %s\n", tacit_status_name(got), err.detail);
	ok((f.calls == 0) == (want == TACIT_USAGE), "%s: %u requests", name, f.calls);
}

static void try_keys(void)
{
	const struct tacit_sev_guest_key_request everything = { TACIT_SEV_GUEST_VMRK,
								TACIT_SEV_GUEST_FIELDS, 3,
								UINT32_MAX, UINT64_MAX };
	struct tacit_sev_guest_key_request r = USUAL;

	derives(USUAL, 0, "measurement and policy");
	derives(everything, 0, "everything");
	derives((struct tacit_sev_guest_key_request){ .vmpl = 1 }, 0, "nothing but the chip");
	derives(USUAL, 2, "a host that is busy twice");

	r.root = (enum tacit_sev_guest_root)2;
	no_key((struct key_fake){ 0 }, &r, TACIT_USAGE, "root", "root 2");
	for (unsigned bit = 6; bit < 64; bit++) {
		r = USUAL;
		r.fields |= UINT64_C(1) << bit;
		if (bit < 9 || bit == 63)
			no_key((struct key_fake){ 0 }, &r, TACIT_USAGE, "field",
			       "a field too many");
	}
	r = USUAL;
	r.vmpl = 4;
	no_key((struct key_fake){ 0 }, &r, TACIT_USAGE, "VMPL", "VMPL 4");
	r = USUAL;
	r.guest_svn = 1;
	no_key((struct key_fake){ 0 }, &r, TACIT_USAGE, "version", "an SVN that is not mixed in");
	r = USUAL;
	r.tcb = 1;
	no_key((struct key_fake){ 0 }, &r, TACIT_USAGE, "version", "a TCB that is not mixed in");
}

static void try_no_keys(void)
{
	static const int CODES[] = { EIO, EINVAL, ENOMEM, EFAULT, EPERM, ENODEV };
	struct tacit_error err = { 0 };
	uint8_t key[32] = { 0 };

	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
		no_key((struct key_fake){ .code = CODES[i] }, &USUAL, TACIT_IO, strerror(CODES[i]),
		       "an error of the driver");
	no_key((struct key_fake){ .code = ENOTTY }, &USUAL, TACIT_PEER, "disabled",
	       "a key that is disabled");
	no_key((struct key_fake){ .code = EIO, .firmware_error = 0x16 }, &USUAL, TACIT_PEER,
	       "no key: error 0x16 of the firmware", "an error of the firmware");
	no_key((struct key_fake){ .code = EIO, .vmm_error = 1 }, &USUAL, TACIT_PEER,
	       "0x1 of the host", "an error of the host");
	no_key((struct key_fake){ .busy = 1000 }, &USUAL, TACIT_PEER, "stays busy",
	       "a host that stays busy");
	no_key((struct key_fake){ .status = 0x16 }, &USUAL, TACIT_PEER, "not this guest's",
	       "a parameter that is wrong");
	no_key((struct key_fake){ .status = 0x27 }, &USUAL, TACIT_PEER, "no such root key",
	       "a root key that there is not");
	no_key((struct key_fake){ .status = 1 }, &USUAL, TACIT_PEER, "status 0x1",
	       "another status");
	no_key((struct key_fake){ .status = 0x80000000u }, &USUAL, TACIT_PEER, "status 0x80000000",
	       "a status of the highest bit");
	no_key((struct key_fake){ .silent = true }, &USUAL, TACIT_PEER, "no key in the answer",
	       "an answer that has nothing");
	is_status(tacit_sev_guest_key_with(play_key, &(struct key_fake){ .half = true }, &USUAL,
					   key, &err),
		  TACIT_OK, "a key with many zeros is one");
	is_status(tacit_sev_guest_key("/nowhere", &USUAL, key, &err), TACIT_UNSUPPORTED,
		  "no device");
	is_status(tacit_sev_guest_key("/dev/null/none", &USUAL, key, &err), TACIT_IO,
		  "no folder of devices");
	is_status(tacit_sev_guest_key("/dev/null", &USUAL, key, &err), TACIT_PEER,
		  "a device of another kind");
	is_status(tacit_sev_guest_key("/nowhere",
				      &(struct tacit_sev_guest_key_request){ .vmpl = 9 }, key,
				      &err),
		  TACIT_USAGE, "a request that no device could take");
}

int main(void)
{
	struct tacit_tsm_report report = { 0 };
	struct tacit_error err = { 0 };

	gives((struct fake){ 0 }, 0, 1, 0, "a host without certificates");
	gives((struct fake){ .certs_len = CERTS }, CERTS, 2, 0, "a host with certificates");
	gives((struct fake){ .certs_len = 65536 }, 65536, 2, 0, "as many as there may be");
	gives((struct fake){ .busy = 2 }, 0, 3, 0, "a host that is busy twice");
	gives((struct fake){ .busy = 1, .busy_by_code = true }, 0, 2, 0, "a driver that is busy");
	gives((struct fake){ .no_extended = true }, 0, 1, 1, "a host that has no such request");
	gives((struct fake){ .certs_len = CERTS, .announced = 69632 }, 0, 1, 1,
	      "certificates of more than may be");
	gives((struct fake){ .certs_len = CERTS, .announced = 0xfffff000u }, 0, 1, 1,
	      "certificates of 4 GiB");
	gives((struct fake){ .certs_len = CERTS, .announced = 5000 }, 0, 1, 1,
	      "certificates of no whole page");
	gives((struct fake){ .certs_len = CERTS, .announced = 4096 }, 0, 2, 1,
	      "a host that wants more each time");

	refuses((struct fake){ .busy = 1000 }, TACIT_PEER, "stays busy", "a host that stays busy");
	refuses((struct fake){ .code = ENOTTY }, TACIT_PEER, "disabled", "a key that is disabled");
	refuses((struct fake){ .code = EIO, .firmware_error = 0x1b }, TACIT_PEER, "0x1b",
		"an error of the firmware");
	refuses((struct fake){ .code = EIO }, TACIT_IO, "Input/output", "an error of the driver");
	refuses((struct fake){ .status = 0x16 }, TACIT_PEER, "status 0x16", "a status");
	refuses((struct fake){ .len = REPORT_LEN - 1 }, TACIT_PEER, "1183 bytes", "too short");
	refuses((struct fake){ .len = 4000 - 32 + 1 }, TACIT_PEER, "3969 bytes", "too long");
	is_status(tacit_sev_guest_report_with(play, &(struct fake){ .certs_len = CERTS }, input,
					      tacit_mut_of(room, REPORT_LEN + CERTS - 1), &report,
					      &err),
		  TACIT_LIMIT, "a room that is too small");
	is_status(tacit_sev_guest_report("/dev/null/none", input, tacit_mut_of(room, sizeof(room)),
					 &report, &err),
		  TACIT_IO, "no folder of devices");
	is_status(tacit_sev_guest_report("/nowhere", input, tacit_mut_of(room, sizeof(room)),
					 &report, &err),
		  TACIT_UNSUPPORTED, "no device");
	is_status(tacit_sev_guest_report("/dev/null", input, tacit_mut_of(room, sizeof(room)),
					 &report, &err),
		  TACIT_PEER, "a device of another kind");
	ok(!report.out.ptr, "and nothing came of any of them");
	try_keys();
	try_no_keys();
	return done();
}
