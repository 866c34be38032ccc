# The two commands are `make demo` and `make test`; both install what they need.

SWIFT ?= swift
# An import of a target that the manifest does not name is an error, not luck.
BUILD_FLAGS = --explicit-target-dependency-import-check error

# zlib1g-dev: the HTTP server's package compiles against it.
# libarchive is loaded when a tar payload comes; to build, nothing of it is needed.
LIBRARIES = libssl-dev libcurl4-openssl-dev libsqlite3-dev zlib1g-dev libzstd-dev liblzma-dev \
	libpq-dev
DEMO_PACKAGES = $(LIBRARIES) sqlite3
# openssl and python-tuf are peers that our keys and repositories are tried against.
# A soft token, its tools and an agent stand in for the places where people keep keys; nginx speaks
# TLS and HTTP/2 for servers that lie. Bootloaders' own tools read what we wrote, and write what we
# read; other people's installers fill our slots; systemd and shellcheck look at packaging, and
# Prometheus' promtool at metrics and alerts.
TEST_PACKAGES = $(DEMO_PACKAGES) curl openssl openssh-client softhsm2 opensc python3 python3-venv \
	nginx-light grub-common libubootenv-tool libarchive13 zstd xz-utils rauc swupdate mender-client \
	dbus-daemon cpio e2fsprogs mount util-linux-extra shellcheck systemd prometheus postgresql
# An emulated machine, its boot loaders, and what makes its disks; Linux comes as a package that is
# only unpacked.
MACHINE_PACKAGES = qemu-system-x86 u-boot-qemu u-boot-tools grub-pc-bin grub-common busybox-static \
	e2fsprogs dosfstools mtools fdisk cpio kmod
# libFuzzer, for toolchains that come without.
FUZZ_PACKAGES = $(LIBRARIES) libclang-rt-14-dev
DEB_PACKAGES = debhelper dpkg-dev
# qemu-system-x86 and what follows are for a machine in which systemd runs the services.
DEB_TEST_PACKAGES = $(DEB_PACKAGES) debootstrap lintian qemu-system-x86 ovmf busybox-static cpio kmod
# Programs that ours is measured beside, and what signs, serves and starts for them.
BENCH_PACKAGES = $(DEMO_PACKAGES) swupdate rauc mender-client nginx-light openssl dbus-daemon \
	dbus-bin cpio squashfs-tools
PYTHON_TUF = tuf==7.0.1 'securesystemslib[crypto]==1.6.0'
# A service like S3 with AWS's own signer, and somebody else's client of the upload protocol.
PYTHON_PEERS = 'moto[server]==5.2.1' tuspy==1.1.0
# What reads the description of the management interface, and tries the server by it.
PYTHON_API = schemathesis==4.32.5 openapi-spec-validator==0.9.0 jsonschema==4.26.0
# The schema that what the server sends is read by.
PYTHON_OTLP = opentelemetry-proto==1.45.2
VENV = .build/venv
SUITES = $(sort $(filter-out TestSupport AgentSupport,$(notdir $(wildcard Tests/*))))

.PHONY: demo test test-api test-faults test-kills test-moves test-cuts test-machine test-deb lint build
.PHONY: agent operator deb simulate mutants footprint samples fuzz bench conformance clean

# The main job from beginning to end, on loopback; KEEP=1 keeps it running to play with.
demo:
	.ci/setup $(DEMO_PACKAGES)
	$(SWIFT) build $(BUILD_FLAGS)
	.build/debug/slipway demo

# One process for each suite: some start programs, and a program inherits what is open.
test: $(VENV)/ready agent
	.ci/setup $(TEST_PACKAGES) $(MACHINE_PACKAGES)
	$(SWIFT) build $(BUILD_FLAGS) --build-tests
	for suite in $(SUITES); do \
		echo "== $$suite"; \
		SLIPWAY_TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python $(SWIFT) test $(BUILD_FLAGS) \
			--skip-build --disable-xctest --filter "^$$suite\." || exit 1; \
	done

$(VENV)/ready: Makefile
	.ci/setup $(TEST_PACKAGES)
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(PYTHON_TUF) $(PYTHON_API) \
		$(PYTHON_OTLP) $(PYTHON_PEERS)
	touch $@

# The server's books under SEEDS random runs of everything that can happen, from seed FIRST on.
# A run that fails prints its seed; `make test-faults SEEDS=1 FIRST=6` plays that of seed 6 again.
SEEDS ?= 500
FIRST ?= 0
test-faults:
	.ci/setup $(TEST_PACKAGES)
	SLIPWAY_FAULT_SEEDS=$(SEEDS) SLIPWAY_FAULT_FIRST_SEED=$(FIRST) $(SWIFT) test $(BUILD_FLAGS) \
		--disable-xctest --filter "^OrchestratorTests\.FaultRunTests"

# Servers under load, on both databases, that are killed KILLS times at random moments. The seed is
# printed: SEED=7 takes it again, though not the moments, in which the machine has a say.
KILLS ?= 100
test-kills:
	.ci/setup $(TEST_PACKAGES)
	SLIPWAY_KILLS=$(KILLS) SLIPWAY_KILL_SEED=$(SEED) $(SWIFT) test $(BUILD_FLAGS) \
		--disable-xctest --filter "^FaultTests\.KillTests"

# Moves to PostgreSQL that are killed again and again; SEEDS and FIRST as above.
test-moves:
	.ci/setup $(TEST_PACKAGES)
	SLIPWAY_MOVE_SEEDS=$(SEEDS) SLIPWAY_MOVE_FIRST_SEED=$(FIRST) $(SWIFT) test $(BUILD_FLAGS) \
		--disable-xctest --filter "^ServerTests\.MoveCommandTests"

# Emulated machines with GRUB and with U-Boot: every power cut of a whole update, and images that
# do not come up, hang, or fail their health check. `make test` has the short form of it. The machine
# is really started from BOOTS random cuts, and the seed of them is printed: SEED=123 takes it again.
test-machine: agent
	.ci/setup $(TEST_PACKAGES) $(MACHINE_PACKAGES)
	SLIPWAY_MACHINE_TESTS=all SLIPWAY_MACHINE_SEED=$(SEED) SLIPWAY_MACHINE_BOOTS=$(BOOTS) \
		$(SWIFT) test $(BUILD_FLAGS) --disable-xctest --filter "^MachineTests\."

# Whole fleets with their servers, people and enemies, each from its seed, from FIRST on. A world that
# breaks a promise prints its seed and the fewest faults that it takes; put both into
# Tests/FleetSimulationTests/seeds.txt. `make test` plays 200 of them.
simulate: SEEDS = 10000
simulate:
	.ci/setup $(LIBRARIES)
	$(SWIFT) build $(BUILD_FLAGS) -c release --product slipway-sim
	.ci/simulate $(FIRST) $(SEEDS)

# Puts one fault after the other into a copy of the product: the simulation has to find each. Takes a
# few minutes for each; MUTANTS="lease" tries those whose names hold the words.
mutants:
	.ci/setup $(LIBRARIES) python3
	SWIFT=$(SWIFT) .ci/mutants $(MUTANTS)

# Every power cut of a whole update, and after each of them every one of the recovery.
test-cuts:
	.ci/setup $(TEST_PACKAGES)
	SLIPWAY_CUTS=all $(SWIFT) test $(BUILD_FLAGS) --disable-xctest \
		--filter "^SlotsTests\.WholeUpdateCutTests"

# Every operation of the management interface, with thousands of requests made from its own
# description. `make test` has the short form of it.
test-api: $(VENV)/ready
	.ci/setup $(TEST_PACKAGES)
	SLIPWAY_TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python SLIPWAY_API_EXAMPLES=200 $(SWIFT) test \
		$(BUILD_FLAGS) --disable-xctest --filter "^ServerTests\.OpenAPITests"

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

build:
	.ci/setup $(LIBRARIES)
	$(SWIFT) build $(BUILD_FLAGS)

# For programs that are shipped: Swift's libraries inside, and no search for others beside them.
SHIPPED = -c release --static-swift-stdlib --disable-local-rpath
AGENT_LIMIT = 9000000

# What keeps the agent small in files and in memory. Swift's runtime needs little of the C++ library:
# that little comes out of its archive, which is found before the shared library. Relative
# relocations are packed (glibc reads them from 2.36 on), and nobody looks up symbols in the agent.
# The regular expressions that Swift offers to every file would be 2 MB; to use them is an error.
LEAN = -Xswiftc -Osize -Xswiftc -use-ld=lld -Xswiftc -L$(CURDIR)/.build/archives \
	-Xlinker -z -Xlinker pack-relative-relocs -Xlinker --no-export-dynamic -Xlinker --icf=safe \
	-Xlinker -O2 \
	-Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import

# The agent as it goes on a device: optimised for size, stripped, at most AGENT_LIMIT bytes.
agent:
	.ci/setup $(LIBRARIES)
	mkdir -p .build/archives
	ln -sf "$$(cc -print-file-name=libstdc++.a)" .build/archives/
	$(SWIFT) build $(SHIPPED) --product slipway-agent $(LEAN)
	strip -o .build/slipway-agent .build/release/slipway-agent
	@size=$$(wc -c <.build/slipway-agent); \
		echo "slipway-agent: $$size bytes, of at most $(AGENT_LIMIT)"; \
		[ "$$size" -le $(AGENT_LIMIT) ]

# Command line and server as they are shipped.
operator:
	.ci/setup $(LIBRARIES)
	for program in slipway slipway-server; do \
		$(SWIFT) build $(SHIPPED) --product $$program && \
		strip -o .build/$$program .build/release/$$program || exit 1; \
	done

# Debian packages of all three, in .build/deb.
deb: agent operator
	.ci/setup $(DEB_PACKAGES)
	packaging/build-deb

# Installs, upgrades, removes and purges the packages in a Debian tree, and boots them; as root.
test-deb: deb
	.ci/setup $(DEB_TEST_PACKAGES)
	packaging/test-deb
	packaging/test-service

# How large the agent is, and how much memory it takes to install 1 GiB.
footprint: agent build
	.ci/footprint

# Makes firmware-samples anew; the result must be what is committed.
samples: build
	SLIPWAY=.build/debug/slipway firmware-samples/generate firmware-samples

# Each reader of foreign bytes for FUZZ_SECONDS; TARGETS="json root" picks some.
FUZZ_SECONDS ?= 60
fuzz:
	.ci/setup $(FUZZ_PACKAGES)
	SWIFT=$(SWIFT) .ci/fuzz $(FUZZ_SECONDS) $(TARGETS)

# The figures of the README; as root, for what RAUC and Mender mount.
bench: agent $(VENV)/ready .build/goosebit/ready
	.ci/setup $(BENCH_PACKAGES)
	for program in slipway slipway-server slipway-bench; do \
		$(SWIFT) build -c release --product $$program || exit 1; \
	done
	.build/release/slipway-bench install --beside swupdate,rauc,mender
	SLIPWAY_TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python .build/release/slipway-bench refresh \
		--beside python-tuf
	.build/release/slipway-bench publish
	.build/release/slipway-bench gate
	.build/release/slipway-bench plan
	.build/release/slipway-bench plan --devices 10000000
	.build/release/slipway-bench select
	.build/release/slipway-bench simulate
	SLIPWAY_BENCH_GOOSEBIT=$(CURDIR)/.build/goosebit/bin/python \
		.build/release/slipway-bench check-in --beside parts,goosebit
	.build/release/slipway-bench check-in --devices 1000000
	.build/release/slipway-bench rollout
	.build/release/slipway-bench serve-images --beside nginx

# The server that ours is measured beside.
.build/goosebit/ready:
	.ci/setup $(BENCH_PACKAGES) python3-venv
	python3 -m venv .build/goosebit
	.build/goosebit/bin/pip install --quiet --disable-pip-version-check goosebit==0.2.12
	touch $@

# TUF's own conformance suite; SUITE is a checkout of theupdateframework/tuf-conformance.
conformance: build
	.ci/setup $(TEST_PACKAGES) faketime
	python3 -m venv .build/conformance
	.build/conformance/bin/pip install --quiet --disable-pip-version-check $(SUITE)
	cd $(SUITE) && $(CURDIR)/.build/conformance/bin/pytest tuf_conformance \
		--entrypoint $(CURDIR)/.build/debug/slipway-tuf

clean:
	rm -rf .build
