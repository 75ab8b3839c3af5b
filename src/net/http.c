/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include "base/compiler.h"

static bool is_token(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL; /* [RFC 9110 5.6.2] */
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool same_word(struct tacit_slice text, const char *word)
{
	if (text.len != strlen(word))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (lower(text.ptr[i]) != lower((uint8_t)word[i]))
			return false;
	}
	return true;
}

size_t tacit_http_head_end(struct tacit_slice in, size_t from)
{
	for (size_t i = from; i < in.len; i++) {
		if (in.ptr[i] != '\n')
			continue;
		if (i == 0 || in.ptr[i - 1] != '\r')
			return SIZE_MAX;
		if (i >= 3 && in.ptr[i - 2] == '\n')
			return i + 1;
	}
	return 0;
}

/* The next line without its CRLF; false at the end of the head. */
static bool next_line(struct tacit_slice *rest, struct tacit_slice *line)
{
	const uint8_t *end = rest->len ? memchr(rest->ptr, '\r', rest->len) : NULL;

	if (!end)
		return false;
	size_t len = (size_t)(end - rest->ptr);
	if (rest->len - len < 2 || end[1] != '\n')
		return false;
	*line = tacit_slice_of(rest->ptr, len);
	*rest = tacit_slice_of(end + 2, rest->len - len - 2);
	return true;
}

static struct tacit_slice take_word(struct tacit_slice *line)
{
	const uint8_t *end = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
	size_t len = end ? (size_t)(end - line->ptr) : line->len;
	struct tacit_slice word = tacit_slice_of(line->ptr, len);

	*line = end ? tacit_slice_of(end + 1, line->len - len - 1) : tacit_slice_of(NULL, 0);
	return word;
}

static bool take_target(struct tacit_slice target, struct tacit_http_head *out)
{
	if (target.len == 0 || target.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < target.len; i++) {
		if (target.ptr[i] <= 0x20 || target.ptr[i] >= 0x7f)
			return false;
	}
	const uint8_t *mark = memchr(target.ptr, '?', target.len);
	if (!mark) {
		out->path = target;
		return true;
	}
	size_t len = (size_t)(mark - target.ptr);
	out->path = tacit_slice_of(target.ptr, len);
	out->query = tacit_slice_of(mark + 1, target.len - len - 1);
	return true;
}

static unsigned parse_line(struct tacit_slice line, struct tacit_http_head *out)
{
	out->method = take_word(&line);
	struct tacit_slice target = take_word(&line);

	if (out->method.len == 0 || out->method.len > 16)
		return 400;
	for (size_t i = 0; i < out->method.len; i++) {
		if (!is_token(out->method.ptr[i]))
			return 400;
	}
	if (!take_target(target, out))
		return 400;
	if (tacit_slice_eq(line, tacit_slice_str("HTTP/1.1")))
		return 0;
	if (tacit_slice_eq(line, tacit_slice_str("HTTP/1.0"))) {
		out->http10 = true;
		return 0;
	}
	return line.len == 8 && memcmp(line.ptr, "HTTP/", 5) == 0 ? 505 : 400;
}

static struct tacit_slice trim(struct tacit_slice text)
{
	while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static unsigned parse_field(struct tacit_slice line, struct tacit_http_head *out)
{
	size_t at = 0;

	while (at < line.len && is_token(line.ptr[at]))
		at++;
	if (at == 0 || at == line.len || line.ptr[at] != ':')
		return 400;
	for (size_t i = at; i < line.len; i++) {
		if ((line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
			return 400;
	}
	if (out->count == TACIT_HTTP_FIELDS_MAX)
		return 431;
	struct tacit_http_field *field = &out->fields[out->count++];
	field->name = tacit_slice_of(line.ptr, at);
	field->value = trim(tacit_slice_of(line.ptr + at + 1, line.len - at - 1));
	return 0;
}

static size_t count_field(const struct tacit_http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->count; i++)
		count += same_word(head->fields[i].name, name);
	return count;
}

static bool take_length(struct tacit_slice text, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 15)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	*ret = value;
	return true;
}

/* How the body is framed [RFC 9112 6.3]. */
static unsigned judge_framing(struct tacit_http_head *out)
{
	struct tacit_slice length = tacit_http_head_find(out, "Content-Length");
	struct tacit_slice coding = tacit_http_head_find(out, "Transfer-Encoding");

	if (count_field(out, "Content-Length") > 1 || count_field(out, "Transfer-Encoding") > 1)
		return 400;
	if (length.ptr && coding.ptr)
		return 400;
	if (coding.ptr) {
		if (out->http10)
			return 400;
		if (!same_word(coding, "chunked"))
			return 501;
		out->chunked = true;
	}
	if (length.ptr && !take_length(length, &out->length))
		return 400;
	return 0;
}

/* True when the comma-separated Connection fields hold `word`. */
static bool connection_has(const struct tacit_http_head *head, const char *word)
{
	for (size_t i = 0; i < head->count; i++) {
		struct tacit_slice rest = head->fields[i].value;

		if (!same_word(head->fields[i].name, "Connection"))
			continue;
		while (rest.len) {
			const uint8_t *comma = memchr(rest.ptr, ',', rest.len);
			size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;

			if (same_word(trim(tacit_slice_of(rest.ptr, len)), word))
				return true;
			size_t used = comma ? len + 1 : len;
			rest = tacit_slice_of(rest.ptr + used, rest.len - used);
		}
	}
	return false;
}

static unsigned judge_fields(struct tacit_http_head *out)
{
	size_t hosts = count_field(out, "Host");
	struct tacit_slice expect = tacit_http_head_find(out, "Expect");

	if (hosts > 1 || (hosts == 0 && !out->http10))
		return 400;
	unsigned code = judge_framing(out);
	if (code != 0)
		return code;
	if (expect.ptr) {
		if (!same_word(expect, "100-continue"))
			return 417;
		out->expect_continue = !out->http10;
	}
	if (out->http10)
		out->keep_alive = connection_has(out, "keep-alive");
	else
		out->keep_alive = !connection_has(out, "close");
	return 0;
}

unsigned tacit_http_head_parse(struct tacit_slice in, struct tacit_http_head *ret)
{
	struct tacit_http_head out = { 0 };
	struct tacit_slice rest = in, line;

	if (in.len > TACIT_HTTP_HEAD_MAX)
		return 431;
	if (!next_line(&rest, &line))
		return 400;
	unsigned code = parse_line(line, &out);
	while (code == 0) {
		if (!next_line(&rest, &line))
			return 400;
		if (line.len == 0)
			break;
		code = parse_field(line, &out);
	}
	if (code == 0)
		code = rest.len == 0 ? judge_fields(&out) : 400;
	if (code == 0)
		*ret = out;
	return code;
}

struct tacit_slice tacit_http_head_find(const struct tacit_http_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++) {
		if (same_word(head->fields[i].name, name))
			return head->fields[i].value;
	}
	return tacit_slice_of(NULL, 0);
}

struct tacit_slice tacit_http_query_find(struct tacit_slice query, const char *name)
{
	struct tacit_slice found = { NULL, 0 };
	size_t name_len = strlen(name);

	while (query.len) {
		const uint8_t *end = memchr(query.ptr, '&', query.len);
		size_t len = end ? (size_t)(end - query.ptr) : query.len;

		if (len > name_len && query.ptr[name_len] == '=' &&
		    memcmp(query.ptr, name, name_len) == 0) {
			if (found.ptr)
				return tacit_slice_of(NULL, 0);
			found = tacit_slice_of(query.ptr + name_len + 1, len - name_len - 1);
		}
		size_t used = end ? len + 1 : len;
		query = tacit_slice_of(query.ptr + used, query.len - used);
	}
	return found;
}

enum chunk_state {
	CHUNK_SIZE,      /* hex digits */
	CHUNK_EXTENSION, /* up to CR */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* at the start of a trailer line, or the end */
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
	CHUNK_FAILED,
};

#define CHUNK_LINES_MAX  4096 /* bytes of extensions, and of all trailers */
#define CHUNK_DIGITS_MAX 12

static unsigned hex_value(uint8_t c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static bool is_plain(uint8_t c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static unsigned step_size(struct tacit_http_chunks *k, uint8_t c)
{
	unsigned digit = hex_value(c);

	if (digit < 16) {
		k->left = k->left << 4 | digit;
		return ++k->digits > CHUNK_DIGITS_MAX ? CHUNK_FAILED : CHUNK_SIZE;
	}
	if (k->digits == 0)
		return CHUNK_FAILED;
	if (c == ';')
		return CHUNK_EXTENSION;
	return c == '\r' ? CHUNK_SIZE_LF : CHUNK_FAILED;
}

static unsigned step_line(struct tacit_http_chunks *k, uint8_t c, unsigned stay, unsigned end)
{
	if (++k->line > CHUNK_LINES_MAX)
		return CHUNK_FAILED;
	if (c == '\r')
		return end;
	return is_plain(c) ? stay : CHUNK_FAILED;
}

/* One byte outside chunk data; gives the next state. CHUNK_END_LF with LF is the end. */
static unsigned step(struct tacit_http_chunks *k, uint8_t c)
{
	switch ((enum chunk_state)k->state) {
	case CHUNK_SIZE:
		return step_size(k, c);
	case CHUNK_EXTENSION:
		return step_line(k, c, CHUNK_EXTENSION, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		if (c != '\n')
			return CHUNK_FAILED;
		k->digits = 0;
		return k->left ? CHUNK_DATA : CHUNK_TRAILER;
	case CHUNK_DATA_CR:
		return c == '\r' ? CHUNK_DATA_LF : CHUNK_FAILED;
	case CHUNK_DATA_LF:
		return c == '\n' ? CHUNK_SIZE : CHUNK_FAILED;
	case CHUNK_TRAILER:
		return step_line(k, c, CHUNK_TRAILER_LINE, CHUNK_END_LF);
	case CHUNK_TRAILER_LINE:
		return step_line(k, c, CHUNK_TRAILER_LINE, CHUNK_TRAILER_LF);
	case CHUNK_TRAILER_LF:
		return c == '\n' ? CHUNK_TRAILER : CHUNK_FAILED;
	case CHUNK_END_LF:
	case CHUNK_DATA:
	case CHUNK_FAILED:
		break;
	}
	return CHUNK_FAILED;
}

enum tacit_http_step tacit_http_chunks_feed(struct tacit_http_chunks *chunks, struct tacit_slice in,
					    size_t *ret_used, struct tacit_slice *ret_data)
{
	size_t at = 0;

	while (at < in.len && chunks->state != CHUNK_FAILED) {
		if (chunks->state == CHUNK_DATA) {
			size_t n = in.len - at;

			if (n > chunks->left)
				n = (size_t)chunks->left;
			chunks->left -= n;
			if (chunks->left == 0)
				chunks->state = CHUNK_DATA_CR;
			*ret_data = tacit_slice_of(in.ptr + at, n);
			*ret_used = at + n;
			return TACIT_HTTP_DATA;
		}
		uint8_t c = in.ptr[at++];
		if (chunks->state == CHUNK_END_LF && c == '\n') {
			*ret_used = at;
			return TACIT_HTTP_DONE;
		}
		chunks->state = step(chunks, c);
	}
	*ret_used = at;
	return chunks->state == CHUNK_FAILED ? TACIT_HTTP_BAD : TACIT_HTTP_MORE;
}

struct reason_row {
	unsigned status;
	const char *text;
};

static const struct reason_row REASONS[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *tacit_http_reason(unsigned status)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(REASONS); i++) {
		if (REASONS[i].status == status)
			return REASONS[i].text;
	}
	return "Error";
}
