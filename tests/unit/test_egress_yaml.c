/* SPDX-License-Identifier: Apache-2.0 */
#include "net/egress.h"

#include "../tap.h"

static struct tacit_egress egress;

static enum tacit_status read_yaml(const char *text, struct tacit_error *err)
{
	egress = (struct tacit_egress){ .count = 0 };
	return tacit_egress_yaml(&egress, tacit_slice_str(text), err);
}

struct good {
	const char *name, *text;
	size_t count;
	const char *last;
	uint16_t port;
};

static const struct good GOOD[] = {
	{ "flow style",
	  "allowlist:\n- {address: a.example, port: 443}\n- {address: b.example, port: 80}\n", 2,
	  "b.example", 80 },
	{ "block style", "allowlist:\n  - address: a.example\n    port: 443\n", 1, "a.example",
	  443 },
	{ "both, keys turned round",
	  "allowlist:\n- port: 1\n  address: a\n- {port: 2, address: b}\n", 2, "b", 2 },
	{ "the other key", "allow-list:\n- {address: a, port: 1}\n", 1, "a", 1 },
	{ "comments and blank lines",
	  "# head\n\nallowlist: # key\n\n# more\n- {address: a, port: 1} # entry\n   # end\n", 1,
	  "a", 1 },
	{ "quotes", "allowlist:\n- {address: \"a.example\", port: '443'}\n", 1, "a.example", 443 },
	{ "line ends of another system", "allowlist:\r\n- {address: a, port: 1}\r\n", 1, "a", 1 },
	{ "no end of the last line", "allowlist:\n- address: a\n  port: 1", 1, "a", 1 },
	{ "an IPv6 address", "allowlist:\n- address: 2001:db8::1\n  port: 1\n", 1, "2001:db8::1",
	  1 },
	{ "blanks after the dash", "allowlist:\n-   address: a\n    port: 1\n", 1, "a", 1 },
	{ "the same twice", "allowlist:\n- {address: a, port: 1}\n- {address: A., port: 1}\n", 1,
	  "a", 1 },
	{ "an empty list", "allowlist:\n", 0, NULL, 0 },
};

struct bad {
	const char *name, *text;
	uint64_t line;
};

static const struct bad BAD[] = {
	{ "nothing", "", 0 },
	{ "comments alone", "# allowlist:\n", 1 },
	{ "another key", "denylist:\n", 1 },
	{ "no key", "- {address: a, port: 1}\n", 1 },
	{ "the key twice", "allowlist:\nallowlist:\n", 2 },
	{ "another key behind", "allowlist:\n- {address: a, port: 1}\nother: 1\n", 3 },
	{ "an indented key", " allowlist:\n", 1 },
	{ "a value beside the key", "allowlist: []\n", 1 },
	{ "a document", "---\nallowlist:\n", 1 },
	{ "a document behind", "allowlist:\n- {address: a, port: 1}\n---\n", 3 },
	{ "a tab", "allowlist:\n-\taddress: a\n", 2 },
	{ "an anchor", "allowlist:\n- &x {address: a, port: 1}\n", 2 },
	{ "an alias", "allowlist:\n- *x\n", 2 },
	{ "a tag", "allowlist:\n- {address: !!str a, port: 1}\n", 2 },
	{ "a merge key", "allowlist:\n- {<<: *x, port: 1}\n", 2 },
	{ "a string of many lines", "allowlist:\n- address: >\n    a\n  port: 1\n", 2 },
	{ "an escape", "allowlist:\n- {address: \"a\\x2e\", port: 1}\n", 2 },
	{ "an open quote", "allowlist:\n- {address: \"a, port: 1}\n", 2 },
	{ "mixed quotes", "allowlist:\n- {address: \"a', port: 1}\n", 2 },
	{ "a wildcard", "allowlist:\n- {address: \"*.example\", port: 1}\n", 2 },
	{ "no address", "allowlist:\n- {port: 1}\n", 2 },
	{ "no port", "allowlist:\n- {address: a}\n", 2 },
	{ "no port, found at the next", "allowlist:\n- address: a\n- {address: b, port: 1}\n", 3 },
	{ "no port, found at the end", "allowlist:\n- address: a\n", 2 },
	{ "no entry", "allowlist:\n-\n", 2 },
	{ "an empty entry", "allowlist:\n- {}\n", 2 },
	{ "an entry that is a list", "allowlist:\n- - address: a\n", 2 },
	{ "an entry that is a word", "allowlist:\n- a\n", 2 },
	{ "an address twice", "allowlist:\n- {address: a, address: b, port: 1}\n", 2 },
	{ "a port twice", "allowlist:\n- address: a\n  port: 1\n  port: 2\n", 4 },
	{ "a third key", "allowlist:\n- {address: a, port: 1, proto: tcp}\n", 2 },
	{ "an empty value", "allowlist:\n- address: \n  port: 1\n", 2 },
	{ "no blank behind the colon", "allowlist:\n- {address:a, port: 1}\n", 2 },
	{ "port 0", "allowlist:\n- {address: a, port: 0}\n", 2 },
	{ "port 65536", "allowlist:\n- {address: a, port: 65536}\n", 2 },
	{ "an octal port", "allowlist:\n- {address: a, port: 0443}\n", 2 },
	{ "a port in words", "allowlist:\n- {address: a, port: https}\n", 2 },
	{ "an open brace", "allowlist:\n- {address: a, port: 1\n", 2 },
	{ "a lone brace", "allowlist:\n- {\n", 2 },
	{ "words behind the brace", "allowlist:\n- {address: a, port: 1} x\n", 2 },
	{ "nested braces", "allowlist:\n- {address: {a: b}, port: 1}\n", 2 },
	{ "keys in two columns", "allowlist:\n- address: a\n   port: 1\n", 3 },
	{ "items in two columns", "allowlist:\n- {address: a, port: 1}\n - {address: b, port: 1}\n",
	  3 },
	{ "a control character", "allowlist:\n- {address: a\x01, port: 1}\n", 2 },
	{ "not UTF-8", "allowlist:\n- {address: \xff, port: 1}\n", 2 },
	{ "an IPv6 address that is none", "allowlist:\n- {address: 1:2:3, port: 1}\n", 2 },
};

static void test_long(void)
{
	static char text[TACIT_EGRESS_YAML_MAX + 2];
	struct tacit_error err = { 0 };
	size_t at = (size_t)snprintf(text, sizeof(text), "allowlist:\n");

	for (unsigned i = 0; i <= TACIT_EGRESS_ENTRIES_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "- {address: h%u, port: 1}\n",
				       i);
	is_status(read_yaml(text, &err), TACIT_LIMIT, "one entry too many");
	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	is_status(read_yaml(text, &err), TACIT_LIMIT, "one byte too long");
	text[TACIT_EGRESS_YAML_MAX] = '\0';
	is_status(read_yaml(text, &err), TACIT_FORMAT, "as long as may be is read");
	at = (size_t)snprintf(text, sizeof(text), "allowlist:\n- {port: 1, address: ");
	memset(text + at, 'a', 300);
	snprintf(text + at + 300, 3, "}\n");
	is_status(read_yaml(text, &err), TACIT_FORMAT, "a name of 300 bytes");
	is_status(tacit_egress_yaml(&egress,
				    tacit_slice_of("allowlist:\n- {address: a\0b, port: 1}", 36),
				    &err),
		  TACIT_FORMAT, "a NUL");
}

/* Cut anywhere, it is refused, or it is the entries that came whole. */
static void test_cuts(void)
{
	const char *text = "allowlist:\n- {address: a, port: 1}\n- address: b\n  port: 22\n";
	size_t len = strlen(text), taken = 0, wrong = 0;

	for (size_t cut = 0; cut < len; cut++) {
		egress = (struct tacit_egress){ .count = 0 };
		if (tacit_egress_yaml(&egress, tacit_slice_of(text, cut), NULL) != TACIT_OK)
			continue;
		taken++;
		for (size_t i = 0; i < egress.count; i++) {
			const struct tacit_egress_entry *e = &egress.entries[i];

			wrong += !(strcmp(e->host, "a") == 0 && e->port == 1) &&
				 !(strcmp(e->host, "b") == 0 && (e->port == 2 || e->port == 22));
		}
	}
	ok(wrong == 0, "no cut gives a place that is not in the file");
	ok(taken > 0 && taken < 16, "and most are refused (%zu are not)", taken);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		const struct good *g = &GOOD[i];
		struct tacit_error err = { 0 };
		enum tacit_status st = read_yaml(g->text, &err);

		ok(st == TACIT_OK && egress.count == g->count, "%s: %zu entries %s", g->name,
		   g->count, err.detail);
		if (g->last && egress.count > 0) {
			const struct tacit_egress_entry *e = &egress.entries[egress.count - 1];

			ok(strcmp(e->host, g->last) == 0 && e->port == g->port && !e->private,
			   "%s: the last is %s:%u", g->name, g->last, (unsigned)g->port);
		}
	}
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct tacit_error err = { 0 };
		enum tacit_status st = read_yaml(BAD[i].text, &err);

		ok(st == TACIT_FORMAT && err.offset == BAD[i].line, "refused: %s (%s)", BAD[i].name,
		   err.detail);
	}
	test_long();
	test_cuts();
	return done();
}
