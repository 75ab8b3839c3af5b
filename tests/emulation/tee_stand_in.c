/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tee-stand-in tdx|snp|tdx-guest|sev-guest|service FOLDER
 *
 * Quotes and reports under a root of its own, whose certificates and collateral it puts into FOLDER
 * first: in a guest behind /dev/tsm-stand-in (tdx, snp), or as /dev/tdx_guest or /dev/sev-guest
 * itself; on the host as the quote generation service at the unix socket FOLDER/service. The file
 * FOLDER/fault, read at each request, says what goes wrong:
 *
 *     errno NUMBER COUNT   the request fails with that code, this many times
 *     empty                success, and nothing in it
 *     short                the last byte is missing
 *     padded               zeros follow
 *     other                it is over other data than were asked for
 *     garbage              certificates that come with it are none
 *     bare                 none come with it
 *     status NUMBER        the firmware gives no key, and says why
 *     nothing              it gives a key of zeros
 *     first, plain         /dev/tdx_guest extends by its older request; by none
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "cuse.h"
#include "tests/pki/dcap.h"
#include "tests/pki/dcap_evidence.h"
#include "tests/pki/snp.h"

#define INPUT         64
#define TD_DATA       520   /* of a TD report [TDX-QUOTE A.3.2] */
#define SNP_DATA      0x50  /* of an SNP report [SNP-ABI 7.3] */
#define BLOB_MAX      32768 /* of the kernel's interface */
#define PADDING       512
#define TDREPORT      1024
#define TDREPORT_DATA 128 /* of a TDREPORT [TDX-MODULE REPORTMACSTRUCT] */
#define TDREPORT_RTMR 864 /* its RTMR3 [TDX-MODULE TDINFO_STRUCT] */
#define TD_RTMR       472 /* RTMR3 of a TD report */
#define RTMR          48
#define RTMR_FILE     "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384"

struct answer {
	uint32_t head[3]; /* errno, lengths of the two */
	uint8_t bytes[2 * BLOB_MAX];
};

struct stand_in {
	bool snp;
	const char *folder;
	char fault[64];
	unsigned left; /* how often it still fails */
	struct snp_evidence report;
	struct dcap_quote_spec quote;
};

static _Noreturn void end(const char *what)
{
	perror(what);
	exit(1);
}

static bool fails(const struct stand_in *s, const char *how)
{
	return strncmp(s->fault, how, strlen(how)) == 0;
}

static void read_fault(struct stand_in *s)
{
	char path[256], text[sizeof(s->fault)] = "";
	int code;

	snprintf(path, sizeof(path), "%s/fault", s->folder);
	FILE *f = fopen(path, "r");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	if (strcmp(text, s->fault) == 0)
		return;
	memcpy(s->fault, text, sizeof(text));
	if (sscanf(text, "errno %d %u", &code, &s->left) != 2)
		s->left = 0;
}

/* What goes out with a report, by the fault that is asked for. */
static void put(const struct stand_in *s, struct answer *a, struct tacit_slice out,
		struct tacit_slice aux)
{
	size_t len = fails(s, "empty") ? 0 : fails(s, "short") ? out.len - 1 : out.len;

	memcpy(a->bytes, out.ptr, len);
	if (fails(s, "padded")) {
		memset(a->bytes + len, 0, PADDING);
		len += PADDING;
	}
	a->head[1] = (uint32_t)len;
	a->head[2] = (uint32_t)aux.len;
	if (aux.len)
		memcpy(a->bytes + len, aux.ptr, aux.len);
	if (fails(s, "garbage") && aux.len)
		memset(a->bytes + len, 0xff, aux.len);
}

/* The register as it is, in guests that have it. */
static void read_rtmr(uint8_t *ret)
{
	FILE *f = fopen(RTMR_FILE, "rb");

	if (f && fread(ret, 1, RTMR, f) != RTMR)
		end(RTMR_FILE);
	if (f)
		fclose(f);
}

static void make(struct stand_in *s, const uint8_t *input, struct answer *a)
{
	const struct tacit_slice none = { NULL, 0 };
	uint8_t data[INPUT];

	memcpy(data, input, sizeof(data));
	if (fails(s, "other"))
		data[0] ^= 1;
	if (s->snp) {
		memcpy(s->report.report + SNP_DATA, data, sizeof(data));
		snp_sign(&s->report);
		put(s, a, TACIT_SLICE_ARRAY(s->report.report), snp_usual_table(&s->report));
	} else {
		memcpy(s->quote.body + TD_DATA, data, sizeof(data));
		read_rtmr(s->quote.body + TD_RTMR);
		put(s, a, dcap_quote(&s->quote), none);
	}
}

/* The next answer, whoever asks. */
static void next_answer(struct stand_in *s, const uint8_t *input, struct answer *a)
{
	memset(a->head, 0, sizeof(a->head));
	read_fault(s);
	if (s->left) {
		s->left--;
		a->head[0] = (uint32_t)atoi(s->fault + strlen("errno "));
	} else {
		make(s, input, a);
	}
}

static void serve_tsm(struct stand_in *s, int fd)
{
	static struct answer a;
	uint8_t input[INPUT];

	if (read(fd, input, sizeof(input)) != sizeof(input))
		end("/dev/tsm-stand-in");
	next_answer(s, input, &a);
	size_t len = sizeof(a.head) + a.head[1] + a.head[2];
	if (write(fd, &a, len) != (ssize_t)len)
		end("/dev/tsm-stand-in");
}

/* ---- /dev/tdx_guest ------------------------------------------------------------------------- */

struct tdx_request {
	uint8_t data[INPUT], report[TDREPORT];
};

struct tdx_extension {
	uint8_t data[RTMR], index;
};

static uint8_t device_rtmr[RTMR];

static void extend_tdx(struct cuse_round *r)
{
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(device_rtmr),
					     tacit_slice_of(r->in, RTMR) };
	uint8_t next[RTMR];

	if (r->in_len < sizeof(struct tdx_extension)) {
		r->want_in[0] = (struct cuse_part){ r->argument, sizeof(struct tdx_extension) };
		r->want_ins = 1;
	} else if (r->in[RTMR] != 3 || tacit_hash_parts(TACIT_SHA384, parts, 2, next, NULL)) {
		r->result = -EPERM;
	} else {
		memcpy(device_rtmr, next, sizeof(next));
	}
}

/* Vendors' kernels: one of the two forms of the request. */
static void answer_tdx(void *user, struct cuse_round *r)
{
	struct stand_in *s = user;
	struct tdx_request request = { 0 };

	read_fault(s);
	if (r->request == (fails(s, "first") ? _IOR('T', 3, struct tdx_extension)
					     : _IOW('T', 3, struct tdx_extension)) &&
	    !fails(s, "plain")) {
		extend_tdx(r);
		return;
	}
	if (r->request != _IOWR('T', 1, struct tdx_request)) {
		r->result = -ENOTTY;
	} else if (r->in_len < sizeof(request)) {
		r->want_in[0] = r->want_out[0] = (struct cuse_part){ r->argument, sizeof(request) };
		r->want_ins = r->want_outs = 1;
	} else {
		memcpy(&request, r->in, sizeof(request.data));
		memcpy(request.report + TDREPORT_DATA, request.data, sizeof(request.data));
		memcpy(request.report + TDREPORT_RTMR, device_rtmr, sizeof(device_rtmr));
		memcpy(r->out, &request, sizeof(request));
		r->out_used = sizeof(request);
	}
}

/* ---- /dev/sev-guest ------------------------------------------------------------------------- */

struct sev_envelope {
	uint8_t version;
	uint64_t request, response;
	uint32_t firmware_error, vmm_error;
};

struct sev_question {
	uint8_t data[INPUT];
	uint32_t vmpl;
	uint8_t reserved[28];
	uint64_t certs;
	uint32_t certs_len;
};

#define SEV_PLAIN        96 /* of a question without certificates */
#define SEV_RESPONSE     4000

#define SEV_KEY_QUESTION 32
#define SEV_KEY_RESPONSE 64
#define SEV_KEY_AT       32

/* The host's table takes whole pages. */
static uint32_t pages(size_t len)
{
	return (uint32_t)((len + 4095) / 4096 * 4096);
}

static void finish_sev(struct stand_in *s, struct cuse_round *r, struct sev_envelope *e,
		       struct sev_question *q, bool extended)
{
	static struct answer a;
	const uint32_t head[] = { 0, SNP_REPORT_LEN };
	size_t at = sizeof(*e);

	next_answer(s, q->data, &a);
	uint32_t certs = extended && !fails(s, "bare") ? pages(a.head[2]) : 0;
	bool fits = q->certs_len >= certs;
	e->vmm_error = a.head[0] == EBUSY ? 2 : fits ? 0 : 1;
	r->result = a.head[0] || !fits ? -EIO : 0;
	q->certs_len = fits ? q->certs_len : certs;
	memcpy(r->out, e, sizeof(*e));
	if (extended) {
		memcpy(r->out + at, q, sizeof(*q));
		at += sizeof(*q);
	}
	memset(r->out + at, 0, SEV_RESPONSE);
	if (r->result == 0) {
		memcpy(r->out + at, head, sizeof(head));
		memcpy(r->out + at + 32, a.bytes, a.head[1]);
	}
	at += SEV_RESPONSE;
	if (r->result == 0 && certs)
		memcpy(r->out + at, a.bytes + a.head[1], a.head[2]);
	r->out_used = at + (r->result == 0 ? certs : 0);
}

/* A key of what is asked, and of nothing else: the same for whoever asks the same. */
static void finish_key(struct stand_in *s, struct cuse_round *r, struct sev_envelope *e,
		       struct tacit_slice question)
{
	uint8_t input[INPUT] = { 0 };
	static struct answer a;
	uint32_t status = 0;

	next_answer(s, input, &a);
	if (sscanf(s->fault, "status %u", &status) != 1)
		status = 0;
	e->firmware_error = a.head[0] == EINVAL ? 0x16 : 0;
	e->vmm_error = a.head[0] == EBUSY ? 2 : 0;
	r->result = a.head[0] ? -EIO : 0;
	memcpy(r->out, e, sizeof(*e));
	r->out_used = sizeof(*e) + SEV_KEY_RESPONSE;
	memset(r->out + sizeof(*e), 0, SEV_KEY_RESPONSE);
	memcpy(r->out + sizeof(*e), &status, sizeof(status));
	if (r->result == 0 && status == 0 && !fails(s, "nothing") &&
	    tacit_hash(TACIT_SHA256, question, r->out + sizeof(*e) + SEV_KEY_AT, NULL))
		end("SHA-256");
}

static void answer_key(struct stand_in *s, struct cuse_round *r)
{
	struct sev_envelope e = { 0 };

	r->want_in[0] = r->want_out[0] = (struct cuse_part){ r->argument, sizeof(e) };
	r->want_ins = 1;
	if (r->in_len < sizeof(e))
		return;
	memcpy(&e, r->in, sizeof(e));
	r->want_in[1] = (struct cuse_part){ e.request, SEV_KEY_QUESTION };
	r->want_ins = 2;
	if (r->in_len < sizeof(e) + SEV_KEY_QUESTION)
		return;
	if (r->out_len == 0) {
		r->want_out[1] = (struct cuse_part){ e.response, SEV_KEY_RESPONSE };
		r->want_outs = 2;
		return;
	}
	r->want_ins = 0;
	finish_key(s, r, &e, tacit_slice_of(r->in + sizeof(e), SEV_KEY_QUESTION));
}

static void answer_sev(void *user, struct cuse_round *r)
{
	bool extended = r->request == _IOWR('S', 2, struct sev_envelope);
	size_t len = extended ? sizeof(struct sev_question) : SEV_PLAIN;
	struct sev_envelope e = { 0 };
	struct sev_question q = { 0 };

	if (r->request == _IOWR('S', 1, struct sev_envelope)) {
		answer_key(user, r);
		return;
	}
	if (!extended && r->request != _IOWR('S', 0, struct sev_envelope)) {
		r->result = -ENOTTY;
		return;
	}
	r->want_in[0] = r->want_out[0] = (struct cuse_part){ r->argument, sizeof(e) };
	r->want_ins = 1;
	if (r->in_len < sizeof(e))
		return;
	memcpy(&e, r->in, sizeof(e));
	r->want_in[1] = (struct cuse_part){ e.request, len };
	r->want_ins = 2;
	if (r->in_len < sizeof(e) + len)
		return;
	memcpy(&q, r->in + sizeof(e), len);
	if (r->out_len == 0) {
		r->want_outs = 1;
		if (extended)
			r->want_out[r->want_outs++] = r->want_in[1];
		r->want_out[r->want_outs++] = (struct cuse_part){ e.response, SEV_RESPONSE };
		if (q.certs_len)
			r->want_out[r->want_outs++] = (struct cuse_part){ q.certs, q.certs_len };
		return;
	}
	r->want_ins = 0;
	finish_sev(user, r, &e, &q, extended);
}

/* ---- the host's quote generation service ---------------------------------------------------- */

static size_t put_le(uint8_t *to, size_t at, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[at + i] = (uint8_t)(value >> (8 * i));
	return at + len;
}

static void answer_quote(struct stand_in *s, int fd)
{
	static struct answer a;
	static uint8_t out[28 + sizeof(a.bytes)];
	uint8_t request[28 + TDREPORT];

	if (recv(fd, request, sizeof(request), MSG_WAITALL) != sizeof(request))
		return;
	memcpy(s->quote.body + TD_RTMR, request + 28 + TDREPORT_RTMR, RTMR);
	next_answer(s, request + 28 + TDREPORT_DATA, &a);
	uint32_t len = 24 + a.head[1];
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(len >> (24 - 8 * i));
	size_t at = put_le(out, 4, 1, 4); /* version 1.0 */
	at = put_le(out, at, 1, 4);       /* a quote */
	at = put_le(out, at, len, 4);
	at = put_le(out, at, a.head[0], 4);
	at = put_le(out, at, 0, 4); /* no id */
	at = put_le(out, at, a.head[1], 4);
	memcpy(out + at, a.bytes, a.head[1]);
	(void)send(fd, out, at + a.head[1], MSG_NOSIGNAL);
}

static int serve_quotes(struct stand_in *s)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/service", s->folder);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) || listen(listener, 4))
		end(name.sun_path);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			end("accept");
		answer_quote(s, fd);
		close(fd);
	}
}

/* ---- start ---------------------------------------------------------------------------------- */

static void write_root(const struct stand_in *s, struct tacit_slice root)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/root.der", s->folder);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(root.ptr, 1, root.len, f) != root.len || fclose(f) != 0)
		end(path);
}

static void prepare(struct stand_in *s)
{
	if (s->snp) {
		snp_init(&s->report, SNP_MAKE_GENOA, 5, false);
		snp_make(&s->report);
		write_root(s, s->report.ark->der);
		return;
	}
	s->quote = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	if (!dcap_write_files(s->folder, dcap_quote(&s->quote), true))
		end(s->folder);
}

int main(int argc, char **argv)
{
	static struct stand_in s;

	if (argc != 3)
		return 2;
	const char *what = argv[1];
	s.snp = strcmp(what, "snp") == 0 || strcmp(what, "sev-guest") == 0;
	s.folder = argv[2];
	if (strcmp(what, "tdx-guest") == 0)
		return cuse_serve("tdx_guest", answer_tdx, &s);
	prepare(&s);
	if (strcmp(what, "service") == 0)
		return serve_quotes(&s);
	if (strcmp(what, "sev-guest") == 0)
		return cuse_serve("sev-guest", answer_sev, &s);
	int fd = open("/dev/tsm-stand-in", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		end("/dev/tsm-stand-in");
	puts("ready");
	fflush(stdout);
	for (;;)
		serve_tsm(&s, fd);
}
