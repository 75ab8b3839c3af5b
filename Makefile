# SPDX-License-Identifier: Apache-2.0
#
# Tacit. `make` builds build/tacit and the library; `make check` runs the tests. See CONTRIBUTING.md.
#
# FLAVOUR=release|asan|tsan picks flags; objects go to build/<flavour>/. V=1 shows commands. CI=1 makes
# warnings errors.

VERSION := 0.1.0
PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
FLAVOUR ?= release
CC ?= cc
CXX ?= c++
CLANG ?= clang
AR ?= ar
B := build/$(FLAVOUR)
Q := $(if $(V),,@)

# --- flags -----------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align \
	-Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference -Wredundant-decls
ifneq ($(shell $(CC) --version 2>/dev/null | grep -c clang),1)
WARN += -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Warith-conversion
endif
ifdef CI
WARN += -Werror
endif
PC = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|'
probe = $(shell $(CC) $(1) -Werror -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
HARDEN := -fstack-protector-strong -fno-strict-overflow -fno-delete-null-pointer-checks -fPIC \
	$(call probe,-fstack-clash-protection) $(call probe,-fcf-protection=full) \
	$(call probe,-ftrivial-auto-var-init=zero) $(call probe,-fzero-call-used-regs=used-gpr)
ifeq ($(FLAVOUR),asan)
OPT := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(FLAVOUR),tsan)
OPT := -O1 -g -fsanitize=thread
else
OPT := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
CPPFLAGS += -Iinclude -Isrc -DTACIT_VERSION='"$(VERSION)"'
BASE_FLAGS := $(OPT) $(HARDEN) -fvisibility=hidden -ffile-prefix-map=$(CURDIR)=. -MMD -MP
CFLAGS += -std=c11 $(WARN) $(BASE_FLAGS)
CXXFLAGS += -std=c++17 -Wall -Wextra $(BASE_FLAGS)
LDFLAGS += $(OPT) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
LIB_LIBS := $(shell pkg-config --libs libcrypto jansson)
# Small libraries go into the program where there is an archive of them: a process starts faster
# without mapping them, and a TEE's measurement of the program covers them. OpenSSL stays shared, so
# that its security fixes reach the program. Sanitizers want the shared ones.
ifeq ($(FLAVOUR),release)
library = $(firstword $(wildcard $(shell $(CC) -print-file-name=lib$(1).a)) -l$(1))
RUNTIME := -static-libgcc
else
library = -l$(1)
endif
APP_LIBS := $(foreach l,event_openssl event_pthreads event jansson sqlite3 seccomp,$(call library,$(l))) \
	-lssl -lcrypto -lpthread -lm

# The engine: LLAMA_CFLAGS and LLAMA_LIBS (written by tools/deps/llama.sh).
-include build/deps/llama/llama.mk

# --- sources: one list per room --------------------------------------------------------------
LIB_ROOMS := base codec crypto trust tee $(patsubst src/%/,%,$(wildcard src/tee/*/)) appraise receipt
APP_ROOMS := sys channel release net
SQLITE_SRC := src/receipt/store.c src/receipt/sqlite.c
LIB_SRC := $(filter-out $(SQLITE_SRC),$(foreach r,$(LIB_ROOMS),$(wildcard src/$(r)/*.c)))
APP_SRC := $(SQLITE_SRC) $(foreach r,$(APP_ROOMS),$(wildcard src/$(r)/*.c))
INFER_SRC := $(wildcard src/infer/*.c) $(wildcard src/infer/*.cpp)
CMD_SRC := $(wildcard cmd/tacit/*.c)
INIT_SRC := $(wildcard cmd/init/*.c)
EMULATOR_SRC := $(wildcard cmd/emulator/*.c)
obj = $(addprefix $(B)/obj/,$(addsuffix .o,$(basename $(1))))
LIB_OBJ := $(call obj,$(LIB_SRC))
APP_OBJ := $(call obj,$(APP_SRC))
INFER_OBJ := $(call obj,$(INFER_SRC))
CMD_OBJ := $(call obj,$(CMD_SRC))
INIT_OBJ := $(call obj,$(INIT_SRC))
EMULATOR_OBJ := $(call obj,$(EMULATOR_SRC))
TEST_SRC := $(wildcard tests/unit/test_*.c)
TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(TEST_SRC))
TOOL_SRC := $(wildcard tests/tools/*.c)
TOOLS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(TOOL_SRC)) \
	$(patsubst tests/preload/%.c,$(B)/tools/%.so,$(wildcard tests/preload/*.c)) $(B)/tools/nsm-device $(B)/tools/tee-stand-in
FUZZ_SRC := $(wildcard fuzz/fuzz_*.c)
FUZZERS := $(patsubst fuzz/fuzz_%.c,build/fuzz/%,$(FUZZ_SRC))
REPLAYS := $(patsubst fuzz/fuzz_%.c,$(B)/replay/%,$(FUZZ_SRC))
BENCH_SRC := $(wildcard bench/*.c)
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(BENCH_SRC))
EXAMPLES := $(patsubst examples/%.c,$(B)/examples/%,$(wildcard examples/*.c)) $(B)/examples/nitro-server

.PHONY: all lib init emulator tests tools check check-emulation-full check-asan check-valgrind \
	fuzz fuzzers replays benches examples lint fmt install clean man-lint purity
.DELETE_ON_ERROR:
.SECONDARY:

all: build/tacit lib init emulator

# The program is at build/tacit whatever the flavour was last.
build/tacit: $(B)/tacit
	$(Q)ln -sfn $(FLAVOUR)/tacit $@

# The first process of an enclave: static, because there is nothing else in its ramdisk. Sanitizers do
# not go into static programs.
INIT := $(if $(filter asan tsan,$(FLAVOUR)),,$(B)/tacit-init)
init: $(INIT)
$(B)/tacit-init: $(INIT_OBJ) $(B)/libapp.a $(B)/libcore.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -static -Wl,--gc-sections,--strip-all -o $@ \
		$(INIT_OBJ) $(B)/libapp.a $(B)/libcore.a

# What stands in for a Nitro host where there is none: `tacit run --emulate` and tests/emulation. Its
# certificates are made by the tests' kit, which nothing else that is installed has in it.
emulator: $(B)/tacit-emulator
$(B)/tacit-emulator: $(EMULATOR_OBJ) $(B)/libpki.a $(B)/libapp.a $(B)/libcore.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -pie -o $@ $^ $(CORE_LIBS) -lpthread

lib: $(B)/libtacit.a $(B)/libtacit.so $(B)/libtacit.pc \
	$(B)/libtacit-attest.a $(B)/libtacit-attest.so

$(B)/tacit: $(CMD_OBJ) $(B)/libapp.a $(B)/libinfer.a $(B)/libcore.a
	@echo "  LINK  $@"
	$(Q)$(CXX) $(LDFLAGS) $(RUNTIME) -pie -o $@ $(CMD_OBJ) $(ALL_LIBS)

# Internal archives: the core, what talks to the machine, and the engine. The installed archive is one relocatable object with
# its hidden symbols made local, so that internals cannot collide with a program's own names.
$(B)/libcore.a: $(LIB_OBJ)
$(B)/libapp.a: $(APP_OBJ)
$(B)/libinfer.a: $(INFER_OBJ)
$(B)/libcore.a $(B)/libapp.a $(B)/libinfer.a:
	$(Q)rm -f $@ && $(AR) rcD $@ $^
CORE_LIBS = $(B)/libcore.a $(LIB_LIBS)
# The engine's mmap is ours [src/infer/map.h].
ALL_LIBS = -Wl,--wrap=mmap,-u,__wrap_mmap -Wl,--start-group $(B)/libapp.a $(B)/libinfer.a \
	$(B)/libcore.a -Wl,--end-group $(patsubst -lstdc++,$(call library,stdc++),$(LLAMA_LIBS)) $(APP_LIBS)
$(B)/libtacit.o: $(LIB_OBJ)
	$(Q)$(LD) -r -o $@ $^ && objcopy --localize-hidden $@
$(B)/libtacit.a: $(B)/libtacit.o
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcD $@ $^
$(B)/libtacit.so: $(LIB_OBJ) libtacit.map
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,libtacit.so.0 -Wl,--version-script=libtacit.map \
		-o $@ $(LIB_OBJ) $(LIB_LIBS)
# What makes evidence, with the parts of the core that it uses inside and hidden, so that a program
# may link it beside libtacit (docs/adr/0009-attest-library.md).
ATTEST_API := tee open attest close
$(B)/libtacit-attest.o: $(B)/libapp.a $(B)/libcore.a
	$(Q)$(LD) -r -o $@ $(ATTEST_API:%=-u tacit_attester_%) --start-group $^ --end-group
	$(Q)objcopy $(ATTEST_API:%=--keep-global-symbol=tacit_attester_%) $@
$(B)/libtacit-attest.a: $(B)/libtacit-attest.o
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcD $@ $^
$(B)/libtacit-attest.so: $(B)/libtacit-attest.o libtacit-attest.map
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,libtacit-attest.so.0 \
		-Wl,--version-script=libtacit-attest.map -o $@ $< $(LIB_LIBS)
$(B)/libtacit.pc: libtacit.pc.in Makefile
	$(Q)$(PC) $< > $@

# Tests of the scheduler look into it.
$(B)/obj/src/infer/%.o $(B)/obj/bench/engine_alone.o $(B)/obj/tests/unit/test_sched.o \
$(B)/obj/tests/unit/test_sched_fair.o: CPPFLAGS += $(LLAMA_CFLAGS)
$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/obj/%.o: %.cpp
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	$(Q)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

# What talks to the machine may use what Linux offers beyond POSIX.
$(foreach r,$(APP_ROOMS) infer,$(B)/obj/src/$(r)/%.o) $(patsubst %.c,$(B)/obj/%.o,$(SQLITE_SRC)) \
$(B)/obj/cmd/%.o $(B)/obj/tests/%.o $(B)/obj/bench/%.o: CPPFLAGS += -D_GNU_SOURCE
$(B)/obj/cmd/%.o $(B)/obj/tests/%.o $(B)/obj/bench/%.o: CPPFLAGS += -I. -Icmd

# --- tests -----------------------------------------------------------------------------------
tests: $(TESTS) $(TOOLS)
tools: $(TOOLS)
# Tests of the core link the core alone, so that nothing else can creep into it.
RIM_TESTS := $(addprefix $(B)/tests/test_,address age api attest aws_credentials client connect doctor \
	egress engine fetch_judge fetch_plan gguf identity image jwe keyd kms manifest map metrics nsm openai \
	recipient relay sandbox sched sealed server sigv4 source store tls)
$(filter $(addsuffix %,$(RIM_TESTS)),$(TESTS)): $(B)/tests/%: $(B)/obj/tests/unit/%.o \
		$(B)/libapp.a $(B)/libinfer.a $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $< $(PKI_LIB) $(ALL_LIBS)
# Our own certificates and evidence, for the tests that ask for them by their include.
PKI_SRC := $(wildcard tests/pki/*.c)
PKI_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(shell grep -l '"tests/pki/' $(TEST_SRC)))
$(B)/libpki.a: $(call obj,$(PKI_SRC))
	$(Q)rm -f $@ && $(AR) rcD $@ $^
$(PKI_TESTS) $(B)/tools/mkevidence: $(B)/libpki.a
PKI_LIB = $(filter %/libpki.a,$^)
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(PKI_LIB) $(CORE_LIBS) -lpthread -lm
$(B)/tools/%: $(B)/obj/tests/tools/%.o $(B)/libapp.a $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(PKI_LIB) $(B)/libapp.a $(CORE_LIBS) $(APP_LIBS)
# The devices that emulated machines get from us.
$(B)/tools/nsm-device: $(B)/tacit-emulator
	@mkdir -p $(@D)
	$(Q)ln -sfn ../tacit-emulator $@
$(B)/tools/tee-stand-in: $(call obj,tests/emulation/tee_stand_in.c tests/emulation/cuse.c) \
		$(B)/libpki.a $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CORE_LIBS)
# Preloaded into the program; without sanitizers, which want to be loaded first themselves.
$(B)/tools/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 $(WARN) -O2 -g -fPIC -fvisibility=hidden -shared -o $@ $<
# Benchmarks of evidence make their own, and some take signatures out of themselves.
PKI_BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(shell grep -l '"tests/pki/' $(BENCH_SRC)))
$(PKI_BENCHES): $(B)/libpki.a
STUB_BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(shell grep -l -E '"(bare|signatures).h"' $(BENCH_SRC)))
$(STUB_BENCHES): private LDFLAGS += -Wl,--wrap=tacit_trust_signed,--wrap=tacit_cert_signed
$(B)/bench/%: $(B)/obj/bench/%.o $(B)/libapp.a $(B)/libinfer.a $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CXX) $(LDFLAGS) -o $@ $< $(PKI_LIB) $(ALL_LIBS) $(shell pkg-config --libs libcurl)
benches: $(BENCHES)
examples: $(EXAMPLES)
# The server of the two tutorials, which is several files.
$(B)/examples/nitro-server: $(wildcard examples/nitro-decrypt/*.[ch]) $(B)/libtacit-attest.a
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WARN) $(OPT) -Iinclude -o $@ $(filter %.c %.a,$^) $(LIB_LIBS) -lpthread
$(B)/examples/%: examples/%.c $(B)/libtacit.a $(B)/libtacit-attest.a
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WARN) -Iinclude -o $@ $< $(filter %.a,$^) $(LIB_LIBS)

# Fuzz targets build with clang's libFuzzer, and without it to replay the corpus under any compiler.
FUZZ_FLAGS := -std=c11 -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_OBJ := $(patsubst %.c,build/fuzz-obj/%.o,$(LIB_SRC))
fuzzers: $(FUZZERS)
build/fuzz-obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<
build/fuzz-obj/libcore.a: $(FUZZ_OBJ)
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcD $@ $^
build/fuzz/%: build/fuzz-obj/fuzz/fuzz_%.o build/fuzz-obj/libcore.a
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CLANG) -g -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIB_LIBS)
replays: $(REPLAYS)
$(B)/replay/%: $(B)/obj/fuzz/fuzz_%.o $(B)/obj/fuzz/replay.o $(B)/libcore.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)
FUZZ_SECONDS ?= 10
fuzz: fuzzers
	$(Q)tools/fuzz-all $(FUZZ_SECONDS)

check: all tests tools replays examples
	$(Q)prove -j2 --shuffle $(TEST_T) $(TESTS) $(wildcard tests/cli/*.t) $(wildcard tests/e2e/*.t)

# Enclave images in a machine that measures them itself: QEMU's, which is built for it, with our own
# kernel. Minutes the first time.
ENCLAVE_KERNEL := build/enclave-kernel/bzImage
$(ENCLAVE_KERNEL):
	tools/enclave-kernel/build
check-emulation-full: $(B)/tacit $(B)/tacit-init $(B)/tacit-emulator $(B)/tools/nsm-device $(ENCLAVE_KERNEL)
	tools/deps/emulation.sh --nitro
	TACIT=$(CURDIR)/$(B)/tacit prove tests/emulation/own_kernel.t tests/emulation/nitro_machine.t

# --- gates -----------------------------------------------------------------------------------
lint: lib
	$(Q)tools/check-layers
	$(Q)tools/check-purity $(LIB_OBJ)
	$(Q)tools/check-text
	$(Q)tools/check-man
	$(Q)tools/fnstat
purity: $(LIB_OBJ)
	$(Q)tools/check-purity $(LIB_OBJ)
fmt:
	clang-format -i $(shell git ls-files '*.c' '*.h')

# --- install ---------------------------------------------------------------------------------
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
		$(DESTDIR)$(PREFIX)/libexec/tacit \
		$(DESTDIR)$(PREFIX)/include/tacit $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man3 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(B)/tacit $(DESTDIR)$(PREFIX)/bin/tacit
	install -m 644 $(B)/libtacit.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(B)/libtacit.so $(DESTDIR)$(PREFIX)/lib/libtacit.so.$(VERSION)
	ln -sfn libtacit.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libtacit.so.0
	ln -sfn libtacit.so.0 $(DESTDIR)$(PREFIX)/lib/libtacit.so
	$(PC) libtacit.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libtacit.pc
	install -m 644 $(B)/libtacit-attest.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(B)/libtacit-attest.so $(DESTDIR)$(PREFIX)/lib/libtacit-attest.so.$(VERSION)
	ln -sfn libtacit-attest.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libtacit-attest.so.0
	ln -sfn libtacit-attest.so.0 $(DESTDIR)$(PREFIX)/lib/libtacit-attest.so
	$(PC) libtacit-attest.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libtacit-attest.pc
	install -m 644 include/tacit/*.h $(DESTDIR)$(PREFIX)/include/tacit/
	install -m 755 tools/import/import.sh $(DESTDIR)$(PREFIX)/libexec/tacit/
	install -m 755 $(B)/tacit-init $(B)/tacit-emulator $(DESTDIR)$(PREFIX)/libexec/tacit/
	if [ -d build/deps/llama/convert ]; then \
		cp -R build/deps/llama/convert $(DESTDIR)$(PREFIX)/libexec/tacit/; fi
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/tacit
	for unit in deploy/systemd/*.service deploy/systemd/*.socket; do \
		sed 's|/usr/local/bin/|$(PREFIX)/bin/|' $$unit \
			> $(DESTDIR)$(UNITDIR)/$${unit##*/}; done
	chmod 644 $(DESTDIR)$(UNITDIR)/tacit-*
	install -m 644 deploy/systemd/*.conf $(DESTDIR)$(PREFIX)/share/tacit/
	for page in man/*.[1357]; do \
		install -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/; done

clean:
	rm -rf build/release build/asan build/tsan build/fuzz build/fuzz-obj build/tacit

-include $(shell find $(B)/obj build/fuzz-obj -name '*.d' 2>/dev/null)
