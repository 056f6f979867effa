# make demo   run it: server, card reader, printer and kiosk on this machine
# make test   check it: everything CI checks
# make bench  measure it: target/bench.json, and the server under load: target/load.md
# make soak   a bank's day on the server, with kills, for MADKORT_SOAK seconds (600) on each engine
# make crash  kills the server on each engine before and after every system call of a purchase that writes, and breaks its disk
# make fuzz   any bytes as any message and as any story of movements, FUZZ_SECONDS (60) each; wants a nightly compiler and cargo-fuzz
# make gallery  a picture of every screen: target/gallery/index.html

SHELL := /bin/bash
CARGO_HOME ?= $(HOME)/.cargo
export PATH := $(PATH):$(CARGO_HOME)/bin

.PHONY: demo test bench soak crash fuzz gallery lint deny binaries setup-demo setup-bench setup-test

demo: setup-demo binaries
	cargo run --quiet --locked -p madkort-tests --bin demo

# Programs and tests in one build: apart, they would differ in features and be built twice.
test: setup-test lint
	cargo build --locked --workspace --bins --tests
	cargo nextest run --locked --workspace
	cargo test --locked --quiet --doc -p receipt-printer
	cargo check --locked --quiet -p kiosk --no-default-features --features kms
	$(MAKE) --no-print-directory deny

# Both parts measure to their end; one that missed a target fails then, and says which.
bench: setup-bench
	cargo build --locked --release --workspace --bins --bench kiosk
	rm -f target/bench-kiosk.jsonl
	MADKORT_FIGURES=$(CURDIR)/target/bench-kiosk.jsonl cargo bench --locked --workspace --bench kiosk
	export MADKORT_BIN_DIR=$(CURDIR)/target/release; missed=0; \
	RUST_LOG=info,kiosk=debug target/release/bench || missed=$$?; \
	target/release/load || missed=$$?; \
	exit $$missed

soak: setup-test
	MADKORT_SOAK=$${MADKORT_SOAK:-600} cargo test --locked --workspace --test bank -- --nocapture

crash: setup-test
	MADKORT_CRASH=all cargo test --locked --workspace --test crash -- --nocapture

# What it finds goes into the corpus, which `make test` replays without a fuzzer.
FUZZ_SECONDS ?= 60
fuzz:
	cd sync-server/fuzz && cargo +nightly fuzz run wire -- -max_total_time=$(FUZZ_SECONDS)
	cd sync-server/fuzz && cargo +nightly fuzz run movements -- -max_total_time=$(FUZZ_SECONDS) -max_len=4800

gallery: setup-demo
	GALLERY_WHOLE=1 cargo test --locked --workspace --test screens gallery

lint:
	cargo fmt --all --check
	cargo clippy --locked --quiet --workspace --all-targets -- -D warnings

deny:
	cargo deny --locked --all-features check licenses bans sources

binaries:
	cargo build --locked --workspace --bins

setup-demo:
	@tests/setup demo

setup-bench:
	@tests/setup bench

setup-test:
	@tests/setup test
