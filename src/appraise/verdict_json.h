/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_VERDICT_JSON_H
#define TACIT_APPRAISE_VERDICT_JSON_H

#include "base/writer.h"
#include "tacit/verify.h"

/*
 * The verdict as one JSON object on one line, "schema": "tacit.verdict/1" [tacit-verdict(5)].
 * Claims are there only when the evidence is genuine. A writer without room goes `bad` and
 * counts what was needed.
 */
void tacit_verdict_json(const struct tacit_verdict *verdict, struct writer *w);

/* The same without the outer braces, for callers that add members of their own ("id"). */
void tacit_verdict_json_members(const struct tacit_verdict *verdict, struct writer *w);

/*
 * The verdict for people: one line that decides, then what failed with expected and got, then
 * what was waived; with `verbose` every check and the claims that matter.
 */
void tacit_verdict_text(const struct tacit_verdict *verdict, bool verbose, struct writer *w);

#endif
