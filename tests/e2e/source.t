#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models from a store over HTTPS: ranges in parallel, what breaks is taken up where it broke, and a
store that lies, stalls or changes its mind is refused with a reason. Through a relay as well."""

import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
import os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from storing import *
from relaying import Relay, later

if not os.path.exists(TACIT):
    print("1..0 # SKIP build/tacit is not there")
    sys.exit(0)
store = Store({"/m": BIG, "/small": b"abc", "/empty": b"", "/chunk": BIG[:4 << 20],
               "/head": BIG[:65536], "/head+1": BIG[:65537], "/a%20b": b"spaced"})
url = store.url


def ranges():
    return [r.headers.get("Range") for r in store.seen]


def asked():
    """How many requests came since the last look."""
    count = len(store.seen)
    store.seen.clear()
    return count


def scripted(script):
    store.script = script
    store.seen.clear()


def stalls(r):
    """Less than it has to be a second, from some byte on; at the second try it is well."""
    if r.first is None or r.first < 65536 or len(slow.seen) > 3:
        return False
    if r.last - r.first < 4 << 20:
        r.head(206, [("Content-Range", f"bytes {r.first}-{r.last}/{len(BIG)}"), ("ETag", '"v1"'),
                     ("Content-Length", r.last - r.first + 1)])
        r.raw(BIG[r.first:r.first + 100000])
        for byte in BIG[r.first + 100000:r.first + 100300]:
            r.raw(bytes([byte]))
            time.sleep(0.2)
    return None


slow = Store({"/m": BIG}, script=stalls)
stalled = later(lambda: (fetch(slow.url + "/m", "--fetch-connections", "1"), time.monotonic()))
began_slow = time.monotonic()
busy = Store({"/m": BIG}, script=lambda r: r.answer(503, b"<Code>SlowDown</Code>"))
turned_away = later(fetch, busy.url + "/m")

# --- what comes ------------------------------------------------------------------------------
fetched("a file of some chunks", BIG, url + "/m")
equal(sorted(ranges()), ["bytes=0-4194303", "bytes=0-65535", "bytes=4194304-8388607",
                         f"bytes=8388608-{len(BIG) - 1}"], "by the ranges that it has")
ok(all(r.headers.get("If-Match") == '"v1"' for r in store.seen[1:]), "each of one version")
for name, data in (("small", b"abc"), ("empty", b""), ("chunk", BIG[:4 << 20]),
                   ("head", BIG[:65536]), ("head+1", BIG[:65537]), ("a%20b", b"spaced")):
    fetched(f"a file: {name}", data, f"{url}/{name}")
asked()
fetched("a small file", b"abc", url + "/small")
equal(asked(), 1, "takes one request")
fetched("one connection", BIG, url + "/m", "--fetch-connections", "1")
fetched("sixteen connections", BIG, url + "/m", "--fetch-connections", "16")
fetched("a query goes along", b"abc", url + "/small?signature=sesame")
equal(store.seen[-1].path, "/small?signature=sesame", "as it is")
there = path("there.bin")
fetched("into a file", BIG, url + "/m", "-o", there)
with open(there, "rb") as f:
    ok(f.read() == BIG, "which has the bytes")
fetched("a file of this machine", BIG, there, ca=None)
digest = hashlib.sha256(BIG).hexdigest()
fetched("with its hash", BIG, url + "/m", "--sha256", digest)
code, out, _ = fetch(url + "/m", "-q")
ok(code == 0, "quietly")

# --- what is not taken -----------------------------------------------------------------------
nowhere = path("nowhere.bin")
refused("another hash", 1, f"has SHA-256 {digest}", url + "/m", "--sha256", "ab" * 32, "-o",
        nowhere)
ok(not [n for n in os.listdir(FOLDER.name) if n.startswith("nowhere")], "and nothing is written")
refused("no such file", 5, "404: NoSuchKey: no such thing", url + "/none", "-o", nowhere)
refused("http://", 2, "use https", url.replace("https", "http") + "/m")
for name, text in (("another scheme", "ftp://x/m"), ("a user", "https://me:pw@localhost/m"),
                   ("no path", "https://localhost"), ("no host", "https:///m"),
                   ("a port that is none", "https://localhost:65536/m"), ("a blank", url + "/a b"),
                   ("a fragment", url + "/m#x"), ("a bucket alone", "s3://bucket"),
                   ("no key", "s3://bucket/"), ("an upper-case bucket", "s3://Bucket/key"),
                   ("a long one", url + "/" + "m" * 3000), ("nothing", "")):
    refused(f"usage: {name}", 2, "tacit.error|usage|want|long|%XX|bucket|empty|user|path", text)
refused("no file", 5, "No such file", "/nonexistent")
refused("a folder", 5, "not a regular file", "/")
refused("a store nobody vouches for", 1, "CHAIN.*certificate", url + "/m", ca=None)
other = make_certificates("other")
refused("a store of another root", 1, "CHAIN.*certificate", url + "/m", ca=other[0])
refused("no file of authorities", 5, "IO", url + "/m", ca="/nonexistent")
wrong_name = Store({"/m": BIG}, make_certificates("elsewhere", "DNS:elsewhere.example")[1:])
refused("a certificate for another name", 1, "CHAIN", wrong_name.url + "/m",
        ca=path("elsewhere-root.pem"))
# libcurl asks OpenSSL for its configuration, which here takes everything away.
nothing = write("openssl.cnf", "openssl_conf=a\n[a]\nproviders=b\n[b]\nnull=c\n[c]\nactivate=1\n")
ok(subprocess.run(["openssl", "dgst", "-sha256", nothing], capture_output=True,
                  env={**os.environ, "OPENSSL_CONF": nothing}).returncode != 0,
   "a configuration of OpenSSL that takes everything away")
write(".netrc", "default login me password pw\n")
with tempfile.NamedTemporaryFile() as keys:
    env = {"HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
           "https_proxy": "http://127.0.0.1:1", "SSLKEYLOGFILE": keys.name,
           "SSL_CERT_FILE": other[0], "CURL_CA_BUNDLE": other[0], "OPENSSL_CONF": nothing,
           "OPENSSL_MODULES": FOLDER.name, "CURL_SSL_BACKEND": "none", "HOME": FOLDER.name,
           "CURL_HOME": FOLDER.name}
    fetched("whatever the environment says", b"abc", url + "/small", env=env)
    equal(keys.read(), b"", "and no key of TLS is written down")
    equal(store.seen[-1].headers["Authorization"], None, "nobody's name is sent along")
    refused("nor does it vouch", 1, "CHAIN", url + "/small", ca=None,
            env={"CURL_CA_BUNDLE": CA_FILE, "SSL_CERT_FILE": CA_FILE, "SSL_CERT_DIR": FOLDER.name})

# --- lies: each is told from the first answer on, and from a later one -------------------------
def lie(name, status, pattern, answer, first=True, later=True):
    for place, wanted, skips in (("at first", first, 0), ("later", later, 1)):
        if not wanted:
            continue
        scripted(lambda r: False if len(store.seen) <= skips else answer(r))
        refused(f"{name}, {place}", status, pattern, url + "/m", "--fetch-connections", "1")
        equal(len(store.seen), skips + 1, f"{name}, {place}: it is asked once")


def total(n):
    return lambda r: r.range(BIG, Content_Range=f"bytes {r.first}-"
                                                f"{min(r.last, len(BIG) - 1)}/{n}")


lie("another range", 5, "answers bytes", lambda r: r.range(
    BIG, Content_Range=f"bytes {r.first + 1}-{r.last + 1}/{len(BIG)}"))
lie("a shorter range", 5, "answers bytes", lambda r: r.range(
    BIG, Content_Range=f"bytes {r.first}-{r.first + 9}/{len(BIG)}", Content_Length=10, send=10))
lie("a longer range", 5, "answers bytes", lambda r: r.range(
    BIG, Content_Range=f"bytes {r.first}-{r.last + 1}/{len(BIG)}"))
lie("no range", 5, "without saying which", lambda r: r.range(BIG, Content_Range=None))
for text in ("bytes", "bytes 0-9", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-9/9", "items 0-9/10",
             "bytes 0-9/10x", "bytes -1-9/10", "bytes 0x0-9/10", "bytes  0-9/10",
             "bytes 0-18446744073709551615/18446744073709551616", "bytes 00000000000000000000-9/10",
             "bytes */10", "bytes 0-9/10, bytes 0-9/10"):
    lie(f"a range '{text}'", 5, "cannot be read|without saying|answers bytes",
        lambda r, text=text: r.range(BIG, Content_Range=text), later=False)
lie("a range twice", 5, "twice", lambda r: r.range(
    BIG, more=[("Content-Range", f"bytes {r.first}-{r.last}/{len(BIG)}")]))
lie("a length that is not the range's", 5, "bytes long", lambda r: r.range(BIG, Content_Length=77))
lie("a longer body", 5, "bytes long", lambda r: (
    r.range(BIG, Content_Length=min(r.last, len(BIG) - 1) - r.first + 2), r.raw(b"x")))
lie("a body without end", 5, "longer than the range", lambda r: (
    r.range(BIG, Content_Length=None), r.raw(b"x" * 100000)))
lie("a file that grew", 1, "BINDING.*changed while", total(len(BIG) + 1), first=False)
lie("a file that shrank", 1, "BINDING.*changed while", total(len(BIG) - 1), first=False)
lie("another version", 1, "BINDING.*changed", lambda r: r.range(BIG, etag='"v2"'), first=False)
lie("a version no longer named", 1, "BINDING.*changed", lambda r: r.range(BIG, etag=None),
    first=False)
lie("412", 1, "BINDING.*changed", lambda r: r.answer(412), first=False)
lie("two versions", 5, "twice", lambda r: r.range(BIG, more=[("ETag", '"v2"')]))
lie("no version", 6, "names no version", lambda r: r.range(BIG, etag=None), later=False)
lie("compressed", 5, "compressed", lambda r: r.range(BIG, more=[("Content-Encoding", "gzip")]))
lie("no ranges", 6, "no ranges", lambda r: r.answer(200, BIG, ("ETag", '"v1"')))
lie("200 without a length", 6, "no ranges", lambda r: (
    r.head(200, [("ETag", '"v1"')]), r.raw(b"abc"), r.cut()))
lie("several parts", 5, "without saying which", lambda r: r.range(
    BIG, Content_Range=None, Content_Type="multipart/byteranges; boundary=x"))
for status in (301, 302, 303, 307, 308):
    lie(f"a redirect, {status}", 5, f"{status}: redirects are not followed",
        lambda r, status=status: r.answer(status, b"", ("Location", url + "/small")), later=False)
lie("a redirect with words", 5, "301: redirects are not followed: PermanentRedirect: there",
    lambda r: r.answer(301, b"<Code>PermanentRedirect</Code><Message>there</Message>"), later=False)
lie("403", 5, "403: AccessDenied: not you", lambda r: r.answer(
    403, b"<?xml?><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"))
lie("400 in words", 5, r"400: what is .*\\+x1b.*\[31m", lambda r: r.answer(
    400, b"what   is\r\n\r\n\x1b[31mthis"), later=False)
lie("404 at any length", 5, "404: no no no.*\\.\\.\\.", lambda r: r.answer(404, b"no " * 100000),
    later=False)


def endless(r):
    r.head(404, [])
    for _ in range(100):
        r.raw(b"no " * 10000)
        time.sleep(0.1)


began = time.monotonic()
lie("404 without end", 5, "404: no no no", endless, later=False)
ok(time.monotonic() - began < 8, "is not listened to")
lie("404 without words", 5, "it answers 404\"", lambda r: r.answer(404))
lie("headers without end", 3, "LIMIT", lambda r: r.raw(
    b"HTTP/1.1 206 x\r\n" + b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 3000),
    later=False)
lie("204", 5, "it answers 204", lambda r: r.head(204, []))
lie("no HTTP", 5, "PEER", lambda r: (r.raw(b"SSH-2.0-x\r\n" * 10), r.cut()), later=False)
lie("a file over 1 TiB", 3, "LIMIT.*over 1099511627776", total((1 << 40) + 1), later=False)

# --- versions that are no strong ETag ----------------------------------------------------------
DATE = "Sat, 21 Nov 2026 07:39:00 GMT"
scripted(lambda r: r.range(BIG, etag='W/"v1"'))
fetched("a weak version", BIG, url + "/m")
ok(not any("If-Match" in r.headers for r in store.seen), "is compared, not sent")
scripted(lambda r: r.range(BIG, etag=None, Last_Modified=DATE))
fetched("a date", BIG, url + "/m")
equal({r.headers.get("If-Unmodified-Since") for r in store.seen[1:]}, {DATE}, "is sent")
scripted(lambda r: r.range(BIG, etag=None, Last_Modified=DATE if len(store.seen) < 3 else
                           DATE.replace("39", "40")))
refused("another date", 1, "BINDING.*changed", url + "/m")

# --- what breaks and goes on ---------------------------------------------------------------------
def breaks(name, answer, times=1, data=BIG, extra=(), at="/m"):
    """The first `times` requests behind the opening one get this answer."""
    scripted(lambda r: False if not 2 <= len(store.seen) <= 1 + times else answer(r))
    return fetched(name, data, url + at, "--fetch-connections", "1", *extra)


breaks("a connection that breaks in the middle", lambda r: r.range(BIG, send=1000001))
equal(ranges()[1:3], ["bytes=0-4194303", "bytes=1000001-4194303"], "goes on at that byte")
breaks("one that breaks again and again", lambda r: r.range(BIG, send=300000), times=10)
breaks("one that is gone before a word", lambda r: r.cut())
breaks("one that is gone in the headers", lambda r: (r.raw(b"HTTP/1.1 206 x\r\nContent-"), r.cut()))
breaks("one whose answer ends too soon, as if it were whole", lambda r: (
    r.head(206, [("Content-Range", f"bytes {r.first}-{r.last}/{len(BIG)}"), ("ETag", '"v1"'),
                 ("Transfer-Encoding", "chunked")]),
    r.raw(b"3e8\r\n" + BIG[r.first:r.first + 1000] + b"\r\n0\r\n\r\n")))
equal(ranges()[1:3], ["bytes=0-4194303", "bytes=1000-4194303"], "goes on there, too")


def unended(missing):
    """Chunks without the last one, and without so many bytes."""
    def answer(r):
        part = BIG[r.first:r.last + 1]
        r.head(206, [("Content-Range", f"bytes {r.first}-{r.last}/{len(BIG)}"), ("ETag", '"v1"'),
                     ("Transfer-Encoding", "chunked")])
        r.raw(b"%x\r\n" % len(part) + part[:len(part) - missing])
        r.cut()
    return answer


for missing in (1, 4194303):
    breaks(f"one that breaks {missing} bytes before its end", unended(missing))
    equal(ranges()[1:3], ["bytes=0-4194303", f"bytes={4194304 - missing}-4194303"], "goes on")
breaks("one that breaks behind its last byte", unended(0))
equal(ranges()[1:3], ["bytes=0-4194303", "bytes=4194304-8388607"], "wants nothing more")
for status in (408, 429, 500, 502, 503, 504):
    breaks(f"{status}", lambda r, status=status: r.answer(status, b"busy"))
    equal(len(store.seen), 5, f"{status}: is asked again")
breaks("503 twice", lambda r: r.answer(503), times=2)
began = time.monotonic()
breaks("503 with a time", lambda r: r.answer(503, b"", ("Retry-After", "2")))
ok(time.monotonic() - began >= 2, "which is kept")
scripted(lambda r: r.answer(503) if len(store.seen) == 1 else False)
fetched("503 at first", BIG, url + "/m")
scripted(lambda r: r.answer(503, b"<Code>SlowDown</Code><Message>later</Message>"))
refused("503 for ever", 5, "no time is left|times over", url + "/m", "--fetch-timeout", "2")
scripted(lambda r: r.answer(503, b"", ("Retry-After", "100000")))
began = time.monotonic()
refused("503 for longer than there is", 5, "503; and no time is left", url + "/m",
        "--fetch-timeout", "20")
ok(time.monotonic() - began < 10, "is not waited for")
scripted(lambda r: time.sleep(5))
began = time.monotonic()
refused("a store that says nothing", 5, "PEER", url + "/m", "--fetch-timeout", "2")
ok(time.monotonic() - began < 5, "ends in time")


def trickle(r):
    if len(store.seen) == 1:
        return False
    r.head(206, [("Content-Range", f"bytes {r.first}-{r.last}/{len(BIG)}"), ("ETag", '"v1"'),
                 ("Content-Length", r.last - r.first + 1)])
    for _ in range(20):
        r.raw(b"x")
        time.sleep(0.3)


scripted(trickle)
began = time.monotonic()
refused("a store that trickles", 5, "PEER", url + "/m", "--fetch-timeout", "3")
ok(time.monotonic() - began < 6, "ends in time, too")
scripted(lambda r: False if len(store.seen) == 1 else r.range(BIG) if r.first else r.answer(403))
refused("one range of several refused", 5, "403", url + "/m")
scripted(None)
silent = socket.create_server(("127.0.0.1", 0))
refused("a server that is silent before TLS", 5, "PEER",
        f"https://localhost:{silent.getsockname()[1]}/m", "--fetch-timeout", "2")
code, out, words = fetch("https://localhost:1/m?secret=sesame", "--fetch-timeout", "1")
ok(code == 5 and "event=fetch-retry" in words, "nobody there: retries are told", words)
ok("sesame" not in json.dumps(out) + words, "what authorises is not", words)

# --- through a relay -------------------------------------------------------------------------
relay = Relay("--egress", "unix:" + path("egress.sock"), "--allow-private",
              f"localhost:{store.port}", "-v")
via = "unix:" + path("egress.sock")
store.seen.clear()
fetched("through the relay", BIG, url + "/m", "--via", via)
ok(relay.wait_event("open", count=2), "by several connections")
refused("a name that the relay does not allow", 1, "POLICY.*allow", wrong_name.url + "/m", "--via",
        via)
refused("TLS ends here, not there", 1, "CHAIN", url + "/m", "--via", via, ca=None)
breaks("a connection that breaks, through the relay", lambda r: r.range(BIG, send=1000001),
       extra=("--via", via))
scripted(None)
refused("no relay", 5, "PEER", url + "/m", "--via", "unix:" + path("none.sock"), "--fetch-timeout",
        "1")
refused("no address", 2, "go out", url + "/m", "--via", "nothing")
alone = ["unshare", "-rn"]
if shutil.which("unshare") and not subprocess.run([*alone, "true"], capture_output=True).returncode:
    refused("without a network: straight", 5, "PEER", url + "/m", "--fetch-timeout", "1",
            before=alone)
    fetched("without a network: through the relay", BIG, url + "/m", "--via", via, before=alone)
else:
    skip("without a network", "this machine gives no namespaces")
equal(relay.stop(), 0, "the relay ends")

# --- meanwhile -------------------------------------------------------------------------------
code, out, _ = turned_away()
ok(code == 5 and "503: SlowDown (8 times over)" in out["detail"], "a store that is busy for ever",
   out)
equal(len(busy.seen), 8, "is asked eight times")
(code, out, words), ended = stalled()
ok(code == 0 and out["sha256"] == digest and words.count("event=fetch-retry") == 1,
   "a store that all but stops is left after half a minute, and taken up", words)
ok(25 < ended - began_slow < 60, "not before", ended - began_slow)
ok(re.fullmatch(r"bytes=429\d{4}-8388607", slow.seen[3].headers["Range"]),
   "at the byte where it was", slow.seen[3].headers["Range"])
done()
