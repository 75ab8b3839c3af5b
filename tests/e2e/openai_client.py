# SPDX-License-Identifier: Apache-2.0
"""The official Python client against an endpoint: prints one JSON object of what it got."""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="local", max_retries=0)
out = {"version": openai.__version__}
out["models"] = [m.id for m in client.models.list().data]
messages = [{"role": "user", "content": "In the beginning"}]

whole = client.chat.completions.with_raw_response.create(
    model=out["models"][0], messages=messages, max_tokens=8, seed=1, temperature=0)
out["verdict"] = whole.headers.get("tacit-verdict")
out["receipt"] = len(whole.headers.get("tacit-receipt", ""))
out["whole"] = whole.parse().choices[0].message.content

text, events = "", 0
for chunk in client.chat.completions.create(
        model=out["models"][0], messages=messages, max_tokens=8, seed=1, temperature=0,
        stream=True, stream_options={"include_usage": True}):
    events += 1
    if chunk.choices and chunk.choices[0].delta.content:
        text += chunk.choices[0].delta.content
out["stream"], out["events"] = text, events
try:
    e = client.embeddings.create(model=out["models"][0], input=["one"])
    out["embedding"] = len(e.data[0].embedding)
except openai.APIStatusError as error:
    out["embedding"] = "HTTP %d" % error.status_code
if len(sys.argv) > 2:  # an answer that must not pass
    try:
        for chunk in openai.OpenAI(base_url=sys.argv[2], api_key="local", max_retries=0) \
                .chat.completions.create(model="m", messages=messages, stream=True):
            pass
        out["altered"] = "accepted"
    except openai.APIError as error:
        out["altered"] = str(error.code)
json.dump(out, sys.stdout)
