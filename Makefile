# make demo   sets up everything and shows the whole journey on real parts, in demo/
# make test   sets up everything and passes every test this machine can run
# make check  within a minute: lint, and of the unit suite what is quick (all but tests/slow.txt)
# PYTHON=python3.12 chooses one; else the first that will do (tests/machine.sh)
# BSD make takes the next line for a rule, and ends at the one after it.
ifdef bsd:
.error this Makefile is for GNU make (gmake)
endif
PYTHON ?=
MACHINE := sh tests/machine.sh "$(or $(MAKECMDGOALS),demo)" "$(PYTHON)"
VENV := .venv
BIN := $(VENV)/bin
PY36 := .venv36
STARTED := $(shell date +%s)
ANSIBLE := .venv-ansible
PEERS := .venv-bench
UNIT := tests/house tests/unit tests/property tests/online
ZONE36 := $(addprefix toolkit/offkit/,model elf edges media server badapple theatre fleet cli)
# As many tests at a time as there are cores, shared out to the last one (worksteal; the xdist of CPython
# 3.6 has only "load"), but by the file where much is made for all tests of one (loadfile).
PYTEST := -m pytest -q -n auto --durations=10 --durations-min=1
# Otherwise each of the thousands of commands that are tested would compile offkit again.
unexport PYTHONDONTWRITEBYTECODE
# Whose environments these are is said here, not by what somebody has set for others.
unexport CDPATH PYTHONHOME PYTHONPATH PIP_USER PIP_PREFIX PIP_TARGET PIP_ROOT PIP_NO_DEPS PIP_DRY_RUN

.PHONY: help machine demo test test-busy test-waiting check setup lint lint-ansible map messages releases sonames unit mutants coverage unit36 unit-ansible molecule online e2e lab lab-shell lab-fleet stranger truth truth-table wheel bench-start bench-doctor bench-badapple bench-fleet bench-bundle bench-rpms bench-uv format clean

help:
	@sed -n 's/^# make/make/p' Makefile

# What is missing on this machine is said first, all of it.
machine:
	@$(MACHINE) >/dev/null

demo: machine $(VENV)/.offkit
	@$(BIN)/python tests/e2e/demo.py

# Two lanes: one keeps the cores busy, the other mostly waits for an index or for one process. What a
# target says comes in one piece when it has ended, and what fails ends its lane.
test: machine setup
	@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2) $(if $(filter output-sync,$(.FEATURES)),-Otarget) test-busy test-waiting
	@echo "make test: everything passed"

test-busy:
	@for each in unit unit36 e2e; do $(MAKE) --no-print-directory $$each || exit; done

test-waiting:
	@for each in lint lint-ansible online unit-ansible molecule; do $(MAKE) --no-print-directory $$each || exit; done

check: machine lint
	@$(BIN)/python $(PYTEST) --dist worksteal -m "not slow and not network" $(UNIT)
	@echo "make check: passed in $$(($$(date +%s) - $(STARTED))) s"

setup: $(VENV)/.tools $(PY36)/.ready $(ANSIBLE)/.ready

# An environment holds its own path: where the clone was moved or copied (a copy would run the other clone's
# offkit), or its Python has gone, or another one is chosen, it is made again. What is chosen is judged once,
# not by every make in here.
STALE := $(shell [ ! -e $(VENV)/.offkit ] || { [ "$$(cat $(VENV)/.offkit)" = "$$(pwd -P)" ] && $(BIN)/python -I -c ''; } \
    2>/dev/null || echo stale)
ifneq ($(PYTHON),$(OFFKIT_CHOSEN))
STALE += $(shell python=$$($(MACHINE) 2>/dev/null) && ! [ "$$python" -ef $(BIN)/python ] && echo stale)
endif
export OFFKIT_CHOSEN := $(PYTHON)
.PHONY: stale

# offkit itself, from this tree. A path beyond ASCII in a .pth keeps every Python before 3.13 from
# starting in the C locale (site.addpackage): a relative one will do.
$(VENV)/.offkit: pyproject.toml $(if $(strip $(STALE)),stale) | machine
	"$$($(MACHINE))" -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install -q -e .
	@for pth in $(VENV)/lib/python3*/site-packages/*offkit*.pth; do echo ../../../../toolkit >"$$pth"; done
	@pwd -P >$@

$(VENV)/.tools: $(VENV)/.offkit
	$(BIN)/python -m pip install -q --group test --group lint
	@touch $@

# The 3.6 zone's own suite runs on a real CPython 3.6; without one this says so and goes on. What
# install.sh does before there is a Python is the same under any: "unit" has it.
$(PY36)/.ready: tests/requirements-py36.txt $(VENV)/.offkit
	@python36=$$($(BIN)/python tests/pythons.py 3.6); \
	if [ -n "$$python36" ]; then \
	    set -e; rm -rf $(PY36); "$$python36" -m venv $(PY36); \
	    $(PY36)/bin/python -m pip install -q --disable-pip-version-check pip==21.3.1; \
	    $(PY36)/bin/python -m pip install -q --disable-pip-version-check -r tests/requirements-py36.txt; \
	    touch $@; \
	fi

# Ansible has an environment of its own, for the Pythons that its core runs on.
$(ANSIBLE)/.ready: tests/requirements-ansible.txt $(VENV)/.offkit
	@for series in 3.11 3.12 3.10; do \
	    python=$$($(BIN)/python tests/pythons.py $$series); [ -z "$$python" ] || break; \
	done; \
	if [ -n "$$python" ]; then \
	    set -e; rm -rf $(ANSIBLE); "$$python" -m venv $(ANSIBLE); \
	    $(ANSIBLE)/bin/python -m pip install -q --disable-pip-version-check -r $<; \
	    touch $@; \
	fi

# Whom bench-bundle measures offkit beside, as they come from the index.
$(PEERS)/.ready: pyproject.toml $(VENV)/.offkit
	$(BIN)/python -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	$(PEERS)/bin/python -m pip install -q --group bench
	@touch $@

lint: $(VENV)/.tools
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vermin -q -t=3.6- --no-tips --eval-annotations --violations $(ZONE36) toolkit/offkit/__init__.py ansible/roles/offkit/files/serve.py
	$(BIN)/shellcheck -s sh tests/machine.sh
	@joined=$$($(BIN)/python tests/joined.py) && printf '%s\n' "$$joined" | $(BIN)/shellcheck -
	@joined=$$($(BIN)/python tests/joined.py several) && printf '%s\n' "$$joined" | $(BIN)/shellcheck -
	$(BIN)/shellcheck -s sh ansible/plugins/plugin_utils/*.sh

# Tests are run in an order that is another one each time, and said at the end:
# Again that one: make unit PYTEST_ADDOPTS=--randomly-seed=N
unit: $(VENV)/.tools
	$(BIN)/python $(PYTEST) --dist worksteal -m "not network" $(UNIT)

# make sonames WHEELS="…"  which libraries those want of a system (names of projects, wheels, directories)
sonames: $(VENV)/.tools
	@$(BIN)/python tests/wanted_sonames.py $(WHEELS)

# make releases  the Ansible collection's part of what repo-config/releases knows
releases: $(VENV)/.offkit
	$(BIN)/python tests/collection_releases.py >$(VENV)/releases.py
	cp $(VENV)/releases.py ansible/plugins/plugin_utils/releases.py

# make map      the folders of offkit, floor by floor, and which imports from which
map: $(VENV)/.offkit
	@$(BIN)/python tests/house/plan_of_the_house.py

# make messages  what offkit says to people, with the line that says it (PART=cli/)
messages: $(VENV)/.offkit
	@$(BIN)/python tests/house/messages.py $(PART)

# make mutants  breaks lines all over offkit, one at a time, and counts which of them "make unit" notices (SEED=1)
mutants: $(VENV)/.tools
	$(BIN)/python tests/mutants --seed $(or $(SEED),1) $(UNIT)

# make coverage  the branches that "make unit" takes, room by room
coverage: $(VENV)/.tools
	$(BIN)/python tests/mutants --coverage $(UNIT)

unit36: $(PY36)/.ready
	@if [ -x $(PY36)/bin/python ]; then \
	    $(PY36)/bin/python $(PYTEST) --dist load --ignore-glob='*/test_bootstrap*' tests/unit tests/property; \
	elif [ -n "$$OFFKIT_REQUIRE_ALL" ]; then \
	    echo "no CPython 3.6 on PATH or under pyenv, and OFFKIT_REQUIRE_ALL is set"; exit 1; \
	else \
	    echo "skipped: the unit suite on CPython 3.6 (none on PATH or under pyenv)"; \
	fi

# What needs an Ansible: $(call with-ansible,what it is,commands)
define with-ansible
	@if [ -x $(ANSIBLE)/bin/ansible-playbook ]; then \
	    $(2); \
	elif [ -n "$$OFFKIT_REQUIRE_ALL" ]; then \
	    echo "no CPython 3.10 to 3.12 on PATH or under pyenv, and OFFKIT_REQUIRE_ALL is set"; exit 1; \
	else \
	    echo "skipped: $(1) (no CPython 3.10 to 3.12 on PATH or under pyenv)"; \
	fi
endef

lint-ansible: $(ANSIBLE)/.ready
	$(call with-ansible,ansible-lint,$(ANSIBLE)/bin/python tests/ansible/lint.py)

unit-ansible: $(ANSIBLE)/.ready
	$(call with-ansible,the tests of the collection,$(ANSIBLE)/bin/python -m pytest -q --durations=10 --durations-min=1 tests/ansible)

# The role on this machine, twice and in check mode, into a directory that goes again.
molecule: $(ANSIBLE)/.ready
	$(call with-ansible,molecule,cd ansible && PATH="$(CURDIR)/$(ANSIBLE)/bin:$$PATH" molecule test)

# Nearly all of it is waiting for the index.
online: $(VENV)/.tools
	$(BIN)/python $(PYTEST) -n 4 --dist worksteal -m network tests/online

e2e: $(VENV)/.tools
	$(BIN)/python $(PYTEST) --dist loadfile tests/e2e

# make lab    servers without a network to try everything on: sets them up (root, Debian or Ubuntu) and runs their tests
lab: $(VENV)/.tools $(PY36)/.ready $(ANSIBLE)/.ready
	@$(BIN)/python tests/lab/prepare.py
	$(BIN)/python $(PYTEST) --dist loadfile tests/lab

# make lab-shell    a shell on such a server: TARGET=el7|el8|amazon2023|..., FILES="bundle.tar ..." are carried to it
lab-shell: $(VENV)/.tools
	@$(BIN)/python tests/lab/shell.py $(or $(TARGET),el7) $(FILES)

# make lab-fleet    a shell on the control node of a fleet of such servers; FILES="bundle.tar ..." are at hand there
lab-fleet: $(VENV)/.tools $(ANSIBLE)/.ready
	@$(BIN)/python tests/lab/fleet_shell.py $(FILES)

# make stranger    these commands on a stock Debian, as an ordinary user gives them, and in odd surroundings (root)
stranger: $(VENV)/.tools
	$(BIN)/python tests/stranger/stranger.py
	$(BIN)/python tests/stranger/stranger.py --odd --commands "make demo" "make check"

# make truth  the doctor against the real loader in bare roots (root): prints the table, writes docs/truth-chosen.md
truth: $(VENV)/.tools
	@PYTHONPATH=tests:tests/makers $(BIN)/python tests/lab/truth.py --write

# make truth-table  500 drawn pairs: what loads, starts and can be imported, and what doctor and forecast say of it (root; 10 GB of wheels once); writes docs/truth-table.md
truth-table: $(VENV)/.tools
	@PYTHONPATH=tests:tests/makers:tests/lab $(BIN)/python tests/lab/drawn_truth.py --write

wheel: $(VENV)/.tools
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

# make bench-start   what the offkit command's start-up costs on this machine's Pythons
bench-start: $(VENV)/.offkit
	$(BIN)/python tests/e2e/bench_start.py

# make bench-doctor  what judging 300 ELF files costs, beside ldd, lddtree and auditwheel
bench-doctor: $(VENV)/.offkit
	$(BIN)/python tests/bench/doctor.py

# make bench-badapple  what run-badapple costs beside decoding alone and beside a queue of frames (ffmpeg); draws docs/bench.svg
bench-badapple: $(VENV)/.tools $(PY36)/.ready
	$(BIN)/python tests/bench/badapple.py

# make bench-fleet  what deploying to 10 ... 50 simulated hosts costs, and what follows for a thousand (root, .venv-ansible)
bench-fleet: $(VENV)/.tools $(PY36)/.ready $(ANSIBLE)/.ready
	$(BIN)/python tests/bench/fleet.py

# make bench-bundle  what lock and bundle cost beside pip-compile, uv, pip download, pex3 and cp, and how much memory (ROUNDS=5)
bench-bundle: $(VENV)/.tools $(PEERS)/.ready
	PEERS=$(PEERS)/bin $(BIN)/python tests/bench/bundle.py

# make bench-rpms  what choosing RPMs out of 8,000 packages of a mirror costs: seconds, memory, requests
bench-rpms: $(VENV)/.tools
	$(BIN)/python tests/bench/rpms.py

# make bench-uv  40 sets of requirements for six servers, locked by offkit and by uv: where they differ, and why; every cure tried
bench-uv: $(VENV)/.tools
	$(BIN)/python tests/bench/against_uv.py

format: $(VENV)/.tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(PY36) $(ANSIBLE) $(PEERS) demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
