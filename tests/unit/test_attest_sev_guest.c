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
	return done();
}
