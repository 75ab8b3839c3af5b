/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tee-stand-in tdx|snp FOLDER
 *
 * In a guest, the quoting service or the processor behind /dev/tsm-stand-in: quotes and reports
 * under a root of its own, whose certificates and collateral it puts into FOLDER first. The file
 * FOLDER/fault, read at each request, says what goes wrong:
 *
 *     errno NUMBER COUNT   the request fails with that code, this many times
 *     empty                success, and nothing in it
 *     short                the last byte is missing
 *     padded               zeros follow
 *     other                it is over other data than were asked for
 *     garbage              certificates that come with it are none
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/pki/dcap.h"
#include "tests/pki/dcap_evidence.h"
#include "tests/pki/snp.h"

#define INPUT       64
#define TD_DATA     520   /* of a TD report [TDX-QUOTE A.3.2] */
#define SNP_DATA    0x50  /* of an SNP report [SNP-ABI 7.3] */
#define BLOB_MAX    32768 /* of the kernel's interface */
#define PADDING     512

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
		put(s, a, dcap_quote(&s->quote), none);
	}
}

static void serve(struct stand_in *s, int fd)
{
	static struct answer a;
	uint8_t input[INPUT];

	if (read(fd, input, sizeof(input)) != sizeof(input))
		end("/dev/tsm-stand-in");
	memset(a.head, 0, sizeof(a.head));
	read_fault(s);
	if (s->left) {
		s->left--;
		a.head[0] = (uint32_t)atoi(s->fault + strlen("errno "));
	} else {
		make(s, input, &a);
	}
	size_t len = sizeof(a.head) + a.head[1] + a.head[2];
	if (write(fd, &a, len) != (ssize_t)len)
		end("/dev/tsm-stand-in");
}

static void write_root(const struct stand_in *s, struct tacit_slice root)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/root.der", s->folder);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(root.ptr, 1, root.len, f) != root.len || fclose(f) != 0)
		end(path);
}

int main(int argc, char **argv)
{
	static struct stand_in s;

	if (argc != 3)
		return 2;
	s.snp = strcmp(argv[1], "snp") == 0;
	s.folder = argv[2];
	if (s.snp) {
		snp_init(&s.report, SNP_MAKE_GENOA, 5, false);
		snp_make(&s.report);
		write_root(&s, s.report.ark->der);
	} else {
		s.quote = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
		if (!dcap_write_files(argv[2], dcap_quote(&s.quote), true))
			end(argv[2]);
	}
	int fd = open("/dev/tsm-stand-in", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		end("/dev/tsm-stand-in");
	puts("ready");
	fflush(stdout);
	for (;;)
		serve(&s, fd);
}
