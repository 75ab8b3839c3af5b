/* SPDX-License-Identifier: Apache-2.0 */

/* tacit console: what an enclave says, from some time before on. */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enclave.h"
#include "sys/address.h"
#include "verbs.h"

#define CONNECT_MS 3000
#define PIECE      4096

struct options {
	struct cli_common common;
};

/* JSON has no bytes: what is no text of ASCII becomes a question mark. */
static void print_piece(const char *bytes, size_t len)
{
	char text[PIECE];

	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)bytes[i] < 0x80 && bytes[i] ? bytes[i] : '?';
	json_t *object = json_pack("{s:s, s:s%}", "schema", "tacit.console/1", "text", text, len);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

static int copy(const struct cli_common *common, int fd)
{
	char bytes[PIECE];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (common->json)
			print_piece(bytes, (size_t)n);
		else if (!enclave_show(bytes, (size_t)n))
			return tacit_status_exit(TACIT_IO);
	}
	return 0;
}

static enum tacit_status reach(const char *id, int *ret_fd, bool *ret_emulated,
			       struct tacit_error *err)
{
	struct tacit_address address = { .transport = TACIT_TRANSPORT_UNIX };
	struct enclave_record record = { 0 };
	char folder[ENCLAVE_PATH], path[ENCLAVE_PATH];
	enum tacit_status st = enclave_folder(false, folder, err);

	if (st == TACIT_OK)
		st = enclave_record_read(folder, id, &record, err);
	if (st != TACIT_OK)
		return st;
	json_decref(record.measurements);
	*ret_emulated = record.emulated;
	if (record.stale)
		return tacit_fail(err, TACIT_PEER, "console", 0, "the enclave is gone");
	if (!record.console)
		return tacit_fail(err, TACIT_UNSUPPORTED, "console", 0,
				  "an enclave has a console in debug mode only");
	st = enclave_path(folder, id, ENCLAVE_CONSOLE, path, err);
	if (st == TACIT_OK && (size_t)snprintf(address.path, sizeof(address.path), "%s", path) >=
				      sizeof(address.path))
		st = tacit_fail(err, TACIT_USAGE, "console", 0, "XDG_RUNTIME_DIR is too long");
	return st == TACIT_OK ? tacit_address_connect(&address, CONNECT_MS, ret_fd, err) : st;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_error err = { 0 };
	bool emulated = false;
	int fd = -1;

	if (argc != 1)
		return cli_usage("'console' wants the id of an enclave, see 'tacit ps'");
	if (reach(argv[0], &fd, &emulated, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "no console of '%.40s'", argv[0]);
	if (emulated)
		cli_warn("%s is " ENCLAVE_NO_TEE, argv[0]);
	int code = copy(&o->common, fd);
	close(fd);
	return code;
}

const struct cli_verb cmd_console = {
	.name = "console",
	.args = "ID",
	.summary = "show what an enclave in debug mode, or an emulated one, says",
	.group = "serve",
	.example = "tacit console enclave-1f2e3d4c",
	.options = NULL,
	.option_count = 0,
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
