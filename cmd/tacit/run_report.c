/* SPDX-License-Identifier: Apache-2.0 */

/* What `tacit run` says once the enclave is up: how a client reaches it. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "run.h"

#define ENDING     ".policy.json"
#define PORT       "8443"
#define QUESTION   "Hello"
#define WORDS_SIZE 16384

/* IMAGE.policy.json, where `tacit image build` put it; else a word for the reader to replace. */
static void name_policy(const char *image, char ret[static ENCLAVE_PATH])
{
	size_t len = strlen(image);

	if (len > 4 && strcmp(image + len - 4, ".eif") == 0)
		len -= 4;
	int n = snprintf(ret, ENCLAVE_PATH, "%.*s" ENDING, (int)len, image);
	if (n < 0 || n >= ENCLAVE_PATH || access(ret, R_OK) != 0)
		snprintf(ret, ENCLAVE_PATH, "POLICY.json");
}

/* A debug enclave has zeros for registers, which no policy accepts. */
static void add_policy(const struct run_report *r, json_t *words)
{
	char policy[ENCLAVE_PATH];

	if (r->record->debug) {
		json_array_append_new(words, json_string("--insecure-no-policy"));
		json_array_append_new(words, json_string("--insecure-allow-debug"));
		return;
	}
	name_policy(r->image, policy);
	json_array_append_new(words, json_string("--policy"));
	json_array_append_new(words, json_string(policy));
}

static json_t *client_words(const struct run_report *r)
{
	json_t *words = json_pack("[s, s, s]", "tacit", "infer", "--server");

	if (r->record->emulated)
		json_array_append_new(words,
				      json_sprintf("unix:%s/%s/" PORT, r->folder, r->record->id));
	else
		json_array_append_new(words, json_string("tcp:HOST:" PORT));
	add_policy(r, words);
	if (r->record->emulated) {
		json_array_append_new(words, json_string("--insecure-test-root"));
		json_array_append_new(words, json_string(r->root));
	}
	json_array_append_new(words, json_string(QUESTION));
	return words;
}

/* Bytes that clients send over TCP go through the relay; an emulated enclave has a socket. */
static json_t *relay_words(const struct run_report *r)
{
	if (r->record->emulated)
		return json_null();
	return json_pack("[s, s, s, s, s, o]", "tacit", "relay", "--listen", "tcp:0.0.0.0:" PORT,
			 "--to",
			 json_sprintf("vsock:%llu:" PORT, (unsigned long long)r->record->cid));
}

static void add_port(const struct run_report *r, json_t *ports, const char *port)
{
	json_array_append_new(
		ports,
		json_pack("{s:I, s:o}", "port", (json_int_t)strtoul(port, NULL, 10), "address",
			  json_sprintf("unix:%s/%s/%s", r->folder, r->record->id, port)));
}

/* Where this host reaches ports of an emulated enclave; a real one is reached by its CID. */
static json_t *port_words(const struct run_report *r)
{
	json_t *ports = r->record->emulated ? json_array() : json_null();

	if (!r->record->emulated)
		return ports;
	add_port(r, ports, PORT);
	for (size_t i = 0; i < r->ports->count; i++)
		if (strcmp(r->ports->items[i], PORT) != 0)
			add_port(r, ports, r->ports->items[i]);
	return ports;
}

static bool is_plain(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_./:=@%+,") == strlen(word);
}

/* As a shell takes it. */
static void print_words(FILE *to, const char *label, const json_t *words)
{
	size_t i;
	json_t *word;

	fprintf(to, "  %-8s", label);
	json_array_foreach((json_t *)(uintptr_t)words, i, word)
	{
		const char *text = json_string_value(word);

		if (is_plain(text)) {
			fprintf(to, " %s", text);
			continue;
		}
		fputs(" '", to);
		for (; *text; text++)
			if (*text == '\'')
				fputs("'\\''", to);
			else
				fputc((unsigned char)*text < ' ' ? '?' : *text, to);
		fputc('\'', to);
	}
	fputc('\n', to);
}

static void print_text(const struct run_report *r, FILE *to, const json_t *client,
		       const json_t *relay)
{
	const struct enclave_record *e = r->record;
	const char *name;
	json_t *value;

	fprintf(to, "%s runs: CID %llu, %llu CPUs, %llu MiB%s%s\n", e->id,
		(unsigned long long)e->cid, (unsigned long long)e->cpus,
		(unsigned long long)e->memory, e->debug ? ", debug mode" : "",
		e->emulated ? ", " ENCLAVE_NO_TEE : "");
	json_object_foreach(e->measurements, name, value) if (strncmp(name, "PCR", 3) == 0)
		fprintf(to, "  %-8s %s%s\n", name, json_string_value(value),
			e->debug ? " (zeros in debug mode)" : "");
	if (json_is_array(relay))
		print_words(to, "relay", relay);
	print_words(to, "client", client);
	fprintf(to, "  stop     tacit stop %s\n", e->id);
	if (e->console)
		fprintf(to, "  console  tacit console %s\n", e->id);
	fflush(to);
}

void run_report_print(const struct cli_common *common, const struct run_report *r, FILE *to)
{
	json_t *client = client_words(r), *relay = relay_words(r);

	if (common->json) {
		json_t *top = enclave_record_json(r->record);

		json_object_set_new(top, "schema", json_string("tacit.run/1"));
		json_object_set(top, "client", client);
		json_object_set(top, "relay", relay);
		json_object_set_new(top, "ports", port_words(r));
		json_object_set_new(top, "test_root",
				    r->record->emulated ? json_string(r->root) : json_null());
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(top);
	} else if (!common->quiet) {
		print_text(r, to, client, relay);
	}
	json_decref(client);
	json_decref(relay);
}
