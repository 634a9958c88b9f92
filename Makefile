# Targets of riskgate. `make` alone prints them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
GO ?= go
FUZZTIME ?= 10s
# A profile of the gateway under the load of `make bench`: the compiler inlines by
# it. Not called default.pgo, which would compile every test twice.
PGO := cmd/riskgate/riskgate.pgo

.PHONY: help
help: ## print this help
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build riskgate, riskctl and risksim into bin/
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/riskctl ./cmd/risksim
	CGO_ENABLED=0 $(GO) build -trimpath -pgo $(PGO) -ldflags '$(LDFLAGS)' -o bin/ ./cmd/riskgate

.PHONY: run
run: build ## start the demo: gateway on 127.0.0.1:8080, admin on 127.0.0.1:9090
	@./bin/riskgate serve --demo

.PHONY: test
test: ## run the tests; needs only Go
	$(GO) test ./...

.PHONY: race
race: ## run the tests under the race detector
	$(GO) test -race ./...

.PHONY: lint
lint: ## gofmt, go vet and golangci-lint (version of .golangci-version)
	@test -z "$$(gofmt -l cmd gateway risk signals streaming models bench testdata)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$$(cat .golangci-version) run

.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME (10s)
	@GO=$(GO) .ci/fuzz $(FUZZTIME)

.PHONY: test-kafka
test-kafka: ## start a real Apache Kafka (Java 17, Maven, kcat) and require its tests
	RISKGATE_KAFKA=1 $(GO) test -count 1 -timeout 15m -v -run '^TestKafka' ./streaming/kafka

.PHONY: bench
bench: ## compare riskgate with a bare proxy; saves bench/results/proxy.json
	$(GO) run ./bench

SOAK ?= 60s
.PHONY: soak
soak: ## reload every second for SOAK (60s) under load, a flood of a million, a sink away for 30 s
	RISKGATE_SOAK=$(SOAK) $(GO) test -count 1 -v -timeout 15m -run 'ReloadUnderLoad|Flood|SinkOutage' ./gateway

.PHONY: chaos
chaos: ## kill -9 under load, drain, broken sinks and databases, five times
	$(GO) test -count 5 -timeout 15m -run 'Kill|Terminate|Stop|Outage|FullRing|Broken' \
	  ./cmd/riskgate ./gateway ./streaming ./signals/baseline

.PHONY: eval
eval: ## simulate, and compare models: SEED=1 SEEDS=1 WORLD="a b api"; without WORLD also cost and real data
	$(if $(WORLD),,RISKGATE_EVAL=1 $(GO) test -count=1 -v ./bench/eval)
	for world in $(or $(WORLD),a b api); do \
	  $(GO) run ./bench/rank -seed $(or $(SEED),1) -seeds $(or $(SEEDS),1) -world $$world || exit; done

.PHONY: golden
golden: ## hold the score's golden file under GOAMD64=v1 and v3
	GOAMD64=v1 $(GO) test -count 1 -run 'Golden|Nats' ./models ./risk ./signals/...
	GOAMD64=v3 $(GO) test -count 1 -run 'Golden|Nats' ./models ./risk ./signals/...

.PHONY: clean
clean: ## remove what was built
	rm -rf bin var coverage.out
