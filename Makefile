# Hamyar: the commands of the house. `make help` lists them.
# Wherever a path is needed, CARGO_TARGET_DIR is honoured.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO  ?= cargo
NPM    ?= npm
TARGET := $(or $(CARGO_TARGET_DIR),target)

# The built web part is git-ignored; it is built again when one of these is newer.
WEB_SOURCES := $(shell [ -f web/package.json ] && find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print)

.PHONY: help run test web openapi bench judges release advisories clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 20

run: web ## build what is missing and play the demonstration (ARGS=… is handed to `hamyar serve --demo`)
	$(CARGO) build --locked
	exec "$(TARGET)/debug/hamyar" serve --demo $(ARGS)

test: ## format, lints, dependencies, unit, contract, scenario and web tests
	@tools/test

web: web/dist/index.html ## build the web part (web/dist) when it is missing or older than its sources

web/dist/index.html: $(WEB_SOURCES)
	@if [ -f web/package.json ]; then tools/web; else echo "web: no web/package.json; the binary serves its placeholder page"; fi

openapi: ## write docs/openapi.json from the code, and the web part's types from it
	HAMYAR_TEST_UPDATE=1 $(CARGO) test --quiet --package hamyar --test house the_stored_api_document
	@tools/web types

bench: web ## measure what docs/benchmarks.md shows (release build); PART=terrain for one part (see tools/bench)
	@PART="$(PART)" tools/bench

judges: ## hold terrain against pyflwdir and richdem (from PyPI, into .cache); DEM=heights.asc for others, PROGRAM=… for another program
	@DEM="$(DEM)" PROGRAM="$(PROGRAM)" tools/judges

release: web ## the binary to deploy: optimised, web part included
	REQUIRE_WEB=1 $(CARGO) build --release --locked --bin hamyar
	@ls -lh "$(TARGET)/release/hamyar"

advisories: ## compare the dependencies with the RustSec database (needs cargo-deny and the network)
	$(CARGO) deny check advisories

clean: ## remove what was built here
	$(CARGO) clean
	rm -rf web/dist web/node_modules .cache
