# SPDX-License-Identifier: Apache-2.0
# What people type. Each target installs what it needs first (tools/setup: apt, only what is missing).
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build run run-kafka test check bench bench-kafka bench-rivals docs package format clean

help:
	@echo "make run      build, then the market in a browser (flags: ARGS=\"--simulate --listen :8080\")"
	@echo "make run-kafka   the same through Apache Kafka: producer, two emitters, balancer (flags: ARGS=\"--live\")"
	@echo "make test     build and run every test            (some: ARGS=\"-R Decimal\")"
	@echo "make check    all that a change must pass         (some: STAGES=\"format asan\")"
	@echo "make build    the release binary, build/release/tickcast"
	@echo "make bench    build and run the benchmarks        (some: ARGS=\"ticker\")"
	@echo "make bench-kafka   the Kafka hop beside a bare producer and consumer, through a real broker"
	@echo "make bench-rivals  the age of updates under overload, beside node ws, Boost.Beast, NATS and Centrifugo"
	@echo "make docs     write the pages of docs/reference, which come from declarations"
	@echo "make package  a Debian package, build/tickcast_VERSION_ARCHITECTURE.deb"
	@echo "make format   format the sources"
	@echo "make clean    remove build/"

build:
	@tools/setup build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target tickcast

run: build
	@build/release/tickcast demo $(ARGS)

run-kafka: build
	@tools/setup kafka balancer
	@tools/run-kafka $(ARGS)

test:
	@tools/setup build test
	@tools/test release $(ARGS)

check:
	@tools/setup build test bench check format e2e aws kafka proxies monitoring package package-test
	@tools/check $(STAGES)

bench:
	@tools/setup build bench
	@tools/bench $(ARGS)

bench-kafka:
	@tools/bench-kafka $(ARGS)

bench-rivals:
	@bench/rivals/run $(ARGS)

docs:
	@tools/setup build test
	@tools/docs

package:
	@tools/package

format:
	@tools/setup format
	@tools/format

clean:
	rm -rf build
