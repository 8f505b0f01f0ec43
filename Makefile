# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thin front of Meson.  BUILD names the folder everything is built in, PREFIX the one it is
# installed in.
BUILD ?= build
PREFIX ?= /usr/local
MESON_OPTIONS ?=

RELEASE = $(BUILD)/release
CHECK = tools/check --build $(BUILD)

.PHONY: all demo check bench install format tidy clean distclean
.PHONY: check-asan check-tsan check-tiny check-fuzz check-matrix check-long check-linux

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@mkdir -p $(BUILD)
	@meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_OPTIONS) >$(BUILD)/setup.log 2>&1 || \
		{ cat $(BUILD)/setup.log; exit 1; }

# Take memory from a running program and give it back, ten times over.
demo:
	@tools/install-deps --demo
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet tidepool
	@$(BUILD)/tidepool run scenarios/replug.lua

check:
	@$(CHECK)

check-asan check-tsan check-tiny check-fuzz check-matrix check-long:
	@$(CHECK) $(@:check-%=%)

# Does the mounted tree answer as a real Linux kernel does?
check-linux: all
	@tests/linux/check_linux.py --build $(BUILD)

bench: $(RELEASE)/build.ninja
	@ninja -C $(RELEASE) --quiet
	@meson test -C $(RELEASE) --benchmark --no-rebuild --verbose

$(RELEASE)/build.ninja:
	@mkdir -p $(RELEASE)
	@meson setup $(RELEASE) --buildtype=release -Dbench=enabled >$(RELEASE)/setup.log 2>&1 || \
		{ cat $(RELEASE)/setup.log; exit 1; }

install: all
	@meson install -C $(BUILD) --no-rebuild --quiet

format:
	@clang-format -i $$(find include src tests bench examples -name '*.[ch]')

tidy:
	@tools/tidy --stats

clean:
	@if [ -f $(BUILD)/build.ninja ]; then ninja -C $(BUILD) --quiet clean; fi

distclean:
	@rm -rf $(BUILD)
