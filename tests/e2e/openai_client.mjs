// SPDX-License-Identifier: Apache-2.0
// The official JavaScript client against an endpoint: prints one JSON object of what it got.
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(process.argv[2] + "/");
const { OpenAI, APIError } = require("openai");
const client = new OpenAI({ baseURL: process.argv[3], apiKey: "local", maxRetries: 0 });
const out = {};
out.models = (await client.models.list()).data.map((m) => m.id);
const messages = [{ role: "user", content: "In the beginning" }];
const ask = { model: out.models[0], messages, max_tokens: 8, seed: 1, temperature: 0 };

const { data, response } = await client.chat.completions.create(ask).withResponse();
out.verdict = response.headers.get("tacit-verdict");
out.receipt = (response.headers.get("tacit-receipt") ?? "").length;
out.whole = data.choices[0].message.content;

out.stream = "";
out.events = 0;
for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
	out.events++;
	out.stream += chunk.choices[0]?.delta?.content ?? "";
}
try {
	const e = await client.embeddings.create({ model: out.models[0], input: ["one"],
		encoding_format: "float" });
	out.embedding = e.data[0].embedding.length;
} catch (error) {
	out.embedding = "HTTP " + error.status;
}
if (process.argv.length > 4) {
	const other = new OpenAI({ baseURL: process.argv[4], apiKey: "local", maxRetries: 0 });
	try {
		for await (const _ of await other.chat.completions.create({ ...ask, stream: true }));
		out.altered = "accepted";
	} catch (error) {
		out.altered = error instanceof APIError ? error.code : String(error);
	}
}
console.log(JSON.stringify(out));
