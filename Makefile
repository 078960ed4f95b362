# What a person types. Every step says what it does, and is skipped once it is done.
# Settings of the shop itself are in .env or the environment, see README.md.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Tools and compiled dependencies live outside the tree, so that a second clone finds them.
export ROLITT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/rolitt
export CARGO_TARGET_DIR ?= $(ROLITT_CACHE)/target
export PATH := $(ROLITT_CACHE)/tools/bin:$(CURDIR)/style/node_modules/.bin:$(PATH):$(HOME)/.cargo/bin

# The shop as it is shipped: the binary, the hashes of its assets, and site/. Kept apart from CARGO_TARGET_DIR,
# which two clones may share, so that a binary never meets the other one's assets.
SHOP := target/shop
# Folders too: their time changes when a file goes away.
SOURCES = $(shell find Cargo.toml Cargo.lock rust-toolchain.toml src style public migrations \
  -not -path '*/node_modules*' -not -path 'src/tests*' -not -path 'src/bench*' 2>/dev/null)

##@ Everyday
.PHONY: run dev test torture bench
run: $(SHOP)/rolitt ## Build for release what changed, and serve on http://127.0.0.1:3000
	@exec $(SHOP)/rolitt serve

dev: setup ## The same in a debug build that rebuilds as files change
	@exec cargo leptos watch

test: setup setup-chromium ## Every check: lints, both databases, a real browser
	@.ci/with-postgres .ci/test

torture: setup-rust ## Half an hour of kills and faults on both databases; ROLITT_TORTURE_MINUTES, ROLITT_TORTURE_SEED
	@.ci/with-postgres .ci/torture

bench: $(SHOP)/rolitt ## Print the table of speeds; nothing passes or fails
	@.ci/say "Building the load generator"
	@cargo build --release --features ssr --bin rolitt-bench
	@.ci/with-postgres $(CARGO_TARGET_DIR)/release/rolitt-bench --rolitt $(SHOP)/rolitt

##@ Parts of `make test`
.PHONY: lint test-rust test-browser pictures
lint: ## Formatting, clippy, the direction of imports, migrations, licences
	@.ci/lint

test-rust: setup-rust ## The Rust tests alone, on SQLite and PostgreSQL
	@.ci/with-postgres cargo test --features ssr

test-browser: $(SHOP)/rolitt setup-chromium ## The browser tests alone; ARGS="-g keyboard" chooses
	@.ci/with-postgres .ci/browser $(ARGS)

pictures: $(SHOP)/rolitt setup-chromium ## Take the README's screenshots anew, into end2end/pictures
	@PICTURES=1 .ci/browser --project=pictures

##@ Set-up (called by the above)
.PHONY: build setup setup-rust setup-wasm setup-tools setup-npm setup-postgres setup-chromium
build: $(SHOP)/rolitt ## The release build alone, into target/shop
setup: setup-rust setup-wasm setup-tools setup-npm ## What a build needs

setup-rust:
	@command -v rustup >/dev/null || { echo "Rust is missing: install rustup from https://rustup.rs" >&2; exit 2; }
	@command -v cc >/dev/null || .ci/apt "a C compiler, for SQLite and ring" gcc libc6-dev

setup-wasm: setup-rust
	@rustup target list --installed | grep -x wasm32-unknown-unknown >/dev/null || \
	  { .ci/say "Adding Rust's WebAssembly target"; rustup target add wasm32-unknown-unknown; }

setup-tools: setup-rust ## cargo-leptos and wasm-bindgen, into ROLITT_CACHE
	@.ci/tools

setup-npm: style/node_modules/.package-lock.json ## Tailwind and wasm-opt

setup-postgres: ## A PostgreSQL for the tests, if there is none
	@.ci/with-postgres true

setup-chromium: end2end/node_modules/.package-lock.json ## A browser for the tests, if there is none, and Playwright
	@.ci/chromium >/dev/null

%/node_modules/.package-lock.json: %/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer is missing: https://nodejs.org" >&2; exit 2; }
	@.ci/say "Installing the npm packages of $*/"
	@cd $* && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	@touch $@

$(SHOP)/rolitt: $(SOURCES) | setup
	@.ci/say "Building the shop for release: the server, the WASM of its islands, the style sheet"
	@cargo leptos build --release --precompress
	@rm -rf $(SHOP) && mkdir -p $(SHOP)
	@cp -R target/site $(SHOP)/site
	@cp $(CARGO_TARGET_DIR)/release/hash.txt $(SHOP)/
	@cp $(CARGO_TARGET_DIR)/release/rolitt $@

##@ Else
.PHONY: help clean
clean: ## Remove what was built here; ROLITT_CACHE stays
	@rm -rf target style/node_modules end2end/node_modules end2end/test-results

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
