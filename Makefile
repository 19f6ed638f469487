# Ciclo. `make help` lists what there is.
# Nothing outside build/ (what is built) and .ciclo/ (data of make run) is written.

ifeq ($(origin CC),default)
CC := gcc
endif
BUILD    ?= build
MODE     ?= release
VERSION  := 0.1.0
# V=1 shows the commands.
Q := $(if $(V),,@)
PYTHON   ?= /usr/bin/python3
PKGS     := libmicrohttpd libpq jansson yaml-0.1 libpcre2-8 libsodium libcurl

.DEFAULT_GOAL := build
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

# ---- compiler ---------------------------------------------------------------------------------
IS_CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wcast-qual -Wundef -Wvla -Wformat=2 -Wnull-dereference \
	-Wdouble-promotion -Wimplicit-fallthrough -Werror=implicit -Werror=incompatible-pointer-types \
	-Werror=int-conversion -Werror=format-security -fno-common -Werror
ifeq ($(IS_CLANG),)
WARN += -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wtrampolines -Wbidi-chars=any
endif
# -fno-plt: functions of libraries are bound at the start anyway (-z now), so they are called through the table directly.
HARDEN := -O2 -fno-plt -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fPIE -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing \
	-ftrivial-auto-var-init=zero -fexceptions
ifneq ($(IS_CLANG),)
HARDEN += -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang
endif
FLAGS_release := $(HARDEN) -g
FLAGS_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan    := -O1 -g -fsanitize=thread
# With clang or AFL++'s compiler; see tests/fuzz.
FLAGS_fuzz    := $(FLAGS_asan) -fsanitize=fuzzer-no-link
FLAGS_afl     := $(FLAGS_fuzz)
LINK_release  := -pie -Wl,-z,nodlopen,-z,noexecstack,-z,relro,-z,now,--as-needed
LINK_asan     := -fsanitize=address,undefined
LINK_tsan     := -fsanitize=thread
LINK_fuzz     := $(LINK_asan) -fsanitize=fuzzer
LINK_afl      := $(LINK_fuzz)
# Takes the place of libc's malloc, because it comes before libc: a request makes and frees hundreds of small blocks. The
# sanitizers bring a malloc of their own.
LIBS_release  := -ljemalloc
OUT     := $(BUILD)/$(MODE)
GEN     := $(BUILD)/gen
PKGFLAGS = $(shell pkg-config --cflags $(PKGS))
PKGLIBS  = $(shell pkg-config --libs $(PKGS))
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -DCICLO_VERSION=\"$(VERSION)\" $(WARN) $(FLAGS_$(MODE)) -Iinclude -I$(GEN) $(PKGFLAGS) \
	-include ciclo/base/banned.h -MMD -MP $(CFLAGS)

# ---- what is built ----------------------------------------------------------------------------
ROOMS   := base contract db kpi http api worker import
SOURCES := $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c))
QUERIES := $(sort $(wildcard sql/queries/*.sql))
MIGRATIONS := $(sort $(wildcard sql/migrations/*.sql))
HEADERS_GEN := $(GEN)/queries.h $(GEN)/migrations.h $(GEN)/openapi.h
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(OUT)/gen/queries.o $(OUT)/gen/migrations.o $(OUT)/gen/openapi.o

.PHONY: build
build: deps-run $(OUT)/ciclo ## build/release/ciclo

$(GEN)/queries.h: $(QUERIES) sql/queries src/embed.awk
	@mkdir -p $(@D); awk -v kind=query -v part=header -f src/embed.awk $(QUERIES) > $@
$(GEN)/queries.c: $(QUERIES) sql/queries src/embed.awk
	@mkdir -p $(@D); awk -v kind=query -v part=source -f src/embed.awk $(QUERIES) > $@
$(GEN)/migrations.h: src/embed.awk
	@mkdir -p $(@D); printf '%s\n' '/* Generated; do not edit. */' '#ifndef CICLO_GEN_MIGRATIONS_H' '#define CICLO_GEN_MIGRATIONS_H' \
	'struct migration_text {' '	const char *name;' '	const char *text;' '	int version;' '};' \
	'extern const struct migration_text migration_texts[];' 'extern const unsigned long migration_count;' \
	'extern const char grants_text[];' '#endif' > $@
$(GEN)/migrations.c: $(MIGRATIONS) sql/migrations sql/grants.sql src/embed.awk
	@mkdir -p $(@D); awk -v kind=migration -f src/embed.awk $(MIGRATIONS) > $@
	@awk -v kind=grants -f src/embed.awk sql/grants.sql >> $@
$(GEN)/openapi.h: src/embed.awk
	@mkdir -p $(@D); printf '%s\n' '/* Generated; do not edit. */' '#ifndef CICLO_GEN_OPENAPI_H' '#define CICLO_GEN_OPENAPI_H' \
	'extern const char openapi_yaml[];' 'extern const unsigned long openapi_yaml_length;' '#endif' > $@
$(GEN)/openapi.c: openapi.yaml src/embed.awk
	@mkdir -p $(@D); awk -v kind=document -f src/embed.awk openapi.yaml > $@

$(OUT)/gen/%.o: $(GEN)/%.c $(HEADERS_GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Wno-overlength-strings -c -o $@ $<
$(OUT)/%.o: %.c | $(HEADERS_GEN) deps-run
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC    $<')
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OUT)/ciclo: $(patsubst %.c,$(OUT)/%.o,$(wildcard src/*.c)) $(OBJECTS)
	$(if $(V),,@echo '  LINK  $@')
	$(Q)$(CC) $(LINK_$(MODE)) -o $@ $^ $(PKGLIBS) $(LIBS_$(MODE)) -lpthread -lm

# One Check program per room with unit tests: tests/unit/ROOM/*.c, linked with that room and those below.
UNIT_ROOMS := $(sort $(patsubst tests/unit/%/,%,$(dir $(wildcard tests/unit/*/*.c))))
UNIT_TESTS := $(UNIT_ROOMS:%=$(OUT)/test_%)
.SECONDEXPANSION:
# A function, because the stem of the rule would replace the % of a patsubst that stood in it.
unit_objects = $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/unit/$(1)/*.c))
$(UNIT_TESTS): $(OUT)/test_%: $$(call unit_objects,$$*) $(OBJECTS)
	$(if $(V),,@echo '  LINK  $@')
	$(Q)$(CC) $(LINK_$(MODE)) -o $@ $^ $(PKGLIBS) $$(pkg-config --libs check) $(LIBS_$(MODE)) -lpthread -lm

# One fuzz target a file; each takes what it needs of these. Without a fuzzer it runs on files: replay.c.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(filter-out %/support.c %/replay.c,$(wildcard tests/fuzz/*.c)))
FUZZ_SOURCES := $(filter src/base/% src/contract/%,$(SOURCES)) src/http/bearer.c src/http/conditional.c src/http/guard.c \
	src/http/problem_text.c src/import/columns.c src/import/csv.c src/api/page.c tests/fuzz/support.c
FUZZ_MAIN    := $(if $(filter fuzz afl,$(MODE)),,$(OUT)/tests/fuzz/replay.o)
$(OUT)/fuzz.a: $(FUZZ_SOURCES:%.c=$(OUT)/%.o) $(OUT)/gen/openapi.o
	$(Q)rm -f $@ && ar rcs $@ $^
$(FUZZ_TARGETS:%=$(OUT)/fuzz_%): $(OUT)/fuzz_%: $(OUT)/tests/fuzz/%.o $(FUZZ_MAIN) $(OUT)/fuzz.a
	$(if $(V),,@echo '  LINK  $@')
	$(Q)$(CC) $(LINK_$(MODE)) -o $@ $^ $(PKGLIBS) $(LIBS_$(MODE)) -lpthread -lm
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_TARGETS:%=$(OUT)/fuzz_%)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- running ----------------------------------------------------------------------------------
DATA   ?= .ciclo
LISTEN ?= 127.0.0.1:8080
# exec: a signal that make passes on must reach the script itself.
SERVE = exec env DATA='$(DATA)' LISTEN='$(LISTEN)' CICLO_BIN='$(OUT)/ciclo' docker/run.sh

.PHONY: run
run: build ## serve on LISTEN=127.0.0.1:8080 with a private cluster in DATA=.ciclo
	@$(SERVE)

.PHONY: demo
demo: DATA = .ciclo/demo
demo: build ## the same with a demo shop of three years in DATA=.ciclo/demo
	@$(SERVE) $(PYTHON) docker/demo.py

# ---- tests ------------------------------------------------------------------------------------
# Faults inside the process, for LD_PRELOAD; of no kind that a sanitizer's own malloc would bear.
$(OUT)/faults.so: tests/fault/client/faults.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $<

.PHONY: test
test: build deps-test $(UNIT_TESTS) $(OUT)/faults.so ## everything that must pass; T=name for some of it
	@$(MAKE) --no-print-directory MODE=asan fuzz-targets
	@T='$(T)' PYTHON='$(PYTHON)' tests/run.sh $(OUT)

.PHONY: test-asan
test-asan: ## the same under the address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory MODE=asan test

.PHONY: test-tsan
test-tsan: ## the same under the thread sanitizer
	@$(MAKE) --no-print-directory MODE=tsan test

.PHONY: test-valgrind
test-valgrind: build deps-test deps-valgrind $(UNIT_TESTS) ## unit tests and a short session under valgrind's memcheck
	@PYTHON='$(PYTHON)' tests/memcheck/run.sh $(OUT)

# Under build/, so that the table is of this machine, and of a soak after it; tests/fault/figures.py --write puts it into the README there.
FIGURES = $(abspath $(BUILD))/fault.jsonl
.PHONY: fault
fault: build deps-test $(OUT)/faults.so ## break the database, the network and the service under load, at length; T=name for some of it
	@rm -f $(FIGURES)
	@CICLO_FAULT=long CICLO_FAULT_FIGURES=$(FIGURES) CICLO_BIN=$(abspath $(OUT))/ciclo $(PYTHON) -m pytest -q -rs $(if $(T),-k '$(T)') tests/fault
	@$(PYTHON) tests/fault/figures.py $(BUILD)

# The limits are those of tests/soak/soak.py; build/soak.json has the figures.
.PHONY: soak
soak: build deps-test ## a mixed load with faults for MINUTES=60; fails when memory, descriptors or connections are not flat
	@CICLO_FAULT_FIGURES=$(FIGURES) CICLO_BIN=$(abspath $(OUT))/ciclo $(PYTHON) tests/soak/soak.py $(or $(MINUTES),60) > $(BUILD)/soak.json; rc=$$?; \
		cat $(BUILD)/soak.json; exit $$rc

# ---- fuzzing ----------------------------------------------------------------------------------
SECONDS ?= $(shell expr $(or $(MINUTES),10) '*' 60)
# fuzz: libFuzzer; afl: AFL++.
ENGINE  ?= fuzz
TARGETS ?= $(FUZZ_TARGETS)
FUZZ_CC_fuzz := clang-14
FUZZ_CC_afl  := afl-clang-fast
.PHONY: fuzz
fuzz: deps-run deps-fuzz ## all fuzz targets, MINUTES=10 each (or SECONDS=); TARGETS="json csv", ENGINE=afl
	@$(MAKE) --no-print-directory MODE=$(ENGINE) CC=$(FUZZ_CC_$(ENGINE)) fuzz-targets
	@PYTHON='$(PYTHON)' tests/fuzz/run.sh $(ENGINE) $(BUILD)/$(ENGINE) $(SECONDS) $(TARGETS)

# ---- conformance ------------------------------------------------------------------------------
# Tools that Debian does not have, of pinned versions: schemathesis from PyPI; Redocly and Spectral from npm, where there is one.
EXAMPLES ?= 500
CONFORMANCE := $(BUILD)/conformance
$(CONFORMANCE)/venv/.installed: tests/conformance/requirements.txt | deps-test deps-conformance
	@echo '  PIP   schemathesis'; rm -rf $(@D); $(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install -q --disable-pip-version-check -r $<; touch $@
$(CONFORMANCE)/node_modules/.installed: tests/conformance/package.json
	@mkdir -p $(@D); cp $< $(CONFORMANCE)/
	@if command -v npm > /dev/null; then echo '  NPM   redocly, spectral'; cd $(CONFORMANCE); \
		npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock; else echo 'there is no npm here'; fi
	@touch $@

.PHONY: conformance
conformance: $(CONFORMANCE)/venv/.installed $(CONFORMANCE)/node_modules/.installed ## openapi.yaml and the service as linters and schemathesis see them; GROUP=orders, EXAMPLES=500
	@$(MAKE) --no-print-directory MODE=asan build
	@TOOLS='$(CONFORMANCE)' EXAMPLES='$(EXAMPLES)' CICLO_BIN='$(BUILD)/asan/ciclo' \
		ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(PYTHON) tests/conformance/conformance.py $(GROUP)

# ---- style ------------------------------------------------------------------------------------
C_FILES = $(shell find src include tests -name '*.[ch]')
LINT_SOURCES = $(SOURCES) $(wildcard src/*.c)
LINT_FLAGS = -std=c17 -D_GNU_SOURCE -DCICLO_VERSION=\"$(VERSION)\" -Iinclude -I$(GEN) $(PKGFLAGS) -include ciclo/base/banned.h

# One file a call: with several, the check of va_list reports what is not there.
.PHONY: lint
lint: deps-run deps-lint deps-test $(HEADERS_GEN) ## formatting, static analysis, rules of the house, both compilers
	clang-format-14 --dry-run -Werror $(C_FILES)
	for rule in layers sizes names sql; do tests/lint/$$rule.sh; done
	$(PYTHON) tests/lint/coverage.py
	tests/lint/headers.sh $(GEN)
	$(MAKE) --no-print-directory CC=gcc build
	$(MAKE) --no-print-directory CC=clang-14 BUILD=$(BUILD)/clang build
	tests/lint/globals.sh $(OUT)/src
	tests/lint/schema.sh
	cppcheck --quiet -j2 --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
		--suppress=missingIncludeSystem --inline-suppr -D_GNU_SOURCE -Iinclude -I$(GEN) src
	printf '%s\n' $(LINT_SOURCES) | xargs -P2 -I{} sh -c 'clang-tidy-14 --quiet {} -- $(LINT_FLAGS) 2>/dev/null'

.PHONY: fmt
fmt: deps-lint ## format all C files
	clang-format-14 -i $(C_FILES)

# ---- documentation ----------------------------------------------------------------------------
# Tables that the program knows better than a person: between the marks in these pages. A test compares them.
.PHONY: docs
docs: build deps-test ## write the tables that come from the program into the pages
	@$(PYTHON) tests/contract/check_docs.py --write $(OUT)/ciclo

# ---- speed ------------------------------------------------------------------------------------
SCALE ?= 1
.PHONY: bench
bench: build deps-bench ## measures against PostgreSQL and nginx, side by side; SCALE=1, MEASURES="creates batches"
	@CICLO_BIN='$(OUT)/ciclo' SCALE='$(SCALE)' MEASURES='$(MEASURES)' $(PYTHON) tests/bench/bench.py

# ---- packages ---------------------------------------------------------------------------------
# deps-KIND: installs the packages of that kind (see docker/packages.txt) that are missing.
.PHONY: deps-%
deps-%:
	@docker/install.sh $*

.PHONY: clean
clean: ## remove build/ (data under .ciclo/ stays)
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20
