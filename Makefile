# Everything that a newcomer needs. It asks for Node 20 or newer, npm and make, and nothing else: `npm ci` brings Node 24, with
# which all of it runs, and Postgres. Variables on the command line reach the programs: make demo SAMPLE_INTERVAL_SECONDS=1

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

installed := node_modules/.package-lock.json
built := dist/.built
# Folders are named too: their time changes when a file is added or removed.
sources := $(shell find apps libs -name '*.spec.ts' -prune -o \( -type d -o -name '*.ts' \) -print | grep -v ' ')
# The warnings that npm writes about the Node it runs on itself are left out: the programs run on Node 24.
# Node 24 first on the PATH of a recipe. Not for `npm ci`, which takes that very Node away and brings it anew.
with_node = PATH="$(CURDIR)/node_modules/.bin:$$PATH" && export PATH

.PHONY: help demo dev start test smoke verify replay test-system test-faults check check-static test-coverage audit sbom ci-job soak demo-day \
  load measure-lists test-ingestion-kills build install clean node-version up down logs ps image image-load k8s test-compose test-chart test-cluster

help: ## Show this list
	@echo 'Tidemark: crypto prices on a clock, every one of them kept.'
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { \
	  line = sprintf("  make %-13s", $$1); count = split($$2, words, " "); \
	  for (i = 1; i <= count; i++) { \
	    if (length(line) + 1 + length(words[i]) > 80) { print line; line = sprintf("%21s", "") } \
	    line = line (line ~ /^ +$$/ ? "" : " ") words[i] } \
	  print line }' Makefile
	@echo
	@echo '  A first look: make demo. Variables go on the line:'
	@echo '  make demo SAMPLE_INTERVAL_SECONDS=1'

demo: $(built) ## Run everything against simulated prices, on private stores; Ctrl-C ends it
	@$(with_node) && exec node dist/apps/standalone/src/main.js demo

dev: $(built) ## Run the demo, and start anew whatever runs a source that is saved; PROCESS=api runs one alone, against your stores
	@$(with_node) && exec node tools/dev.mjs $(PROCESS)

start: $(built) ## Run everything against the real sources, on private stores; Ctrl-C ends it
	@$(with_node) && exec node dist/apps/standalone/src/main.js start

test: $(built) ## Run the tests, in another order each time; TEST_SEED=... repeats one
	@$(with_node) && exec npm run -s jest

smoke: node-version ## Ask a running deployment, wherever it is, whether it works: BASE_URL=https://prices.example.com
	@BASE_URL='$(BASE_URL)' exec node tools/smoke.mjs

verify: $(built) ## Prove the invariants on the database of DATABASE_URL, or on the private one
	@$(with_node) && exec npm run -s verify

replay: $(built) ## Read stored answers again: FROM=2025-12-01 TO=2025-12-02 [SOURCE=kraken] [APPLY=1]
	@$(with_node) && exec npm run -s replay -- \
	  $(if $(FROM),--from '$(FROM)') $(if $(TO),--to '$(TO)') $(if $(SOURCE),--source '$(SOURCE)') $(if $(APPLY),--apply '$(APPLY)')

test-system: $(built) ## Run whole systems, every command of the README, and the rules of the repository
	@$(with_node) && exec npm run -s test:system

test-faults: $(built) ## Kill, cut off and double the processes, and look whether a price is lost
	@$(with_node) && exec npm run -s test:faults

test-ingestion-kills: $(built) ## Kill runs over a list of 5,000 records at 200 of them; nothing may be lost or doubled (10 minutes)
	@$(with_node) && TEST_KILLS=200 TEST_KILLED_RECORDS=5000 exec npm run -s test:system -- killed-runs

check: $(built) ## Types, lint, import boundaries, generated files, all tests but the fault tests
	@$(with_node) && exec npm run -s check

check-static: $(built) ## Of these: types, lint, import boundaries, generated files
	@$(with_node) && exec npm run -s check:static

test-coverage: $(built) ## Run the tests counting which lines run; a report in coverage/html
	@$(with_node) && rm -rf coverage && npm run -s jest -- --coverage --coverageReporters=json --coverageDirectory=coverage/all && \
	  exec node tools/merge-coverage.mjs

audit: ## Ask the registry for advisories about what is shipped (high and worse fail) and for its signatures of all packages
	npm audit --omit=dev --audit-level=high
	@$(MAKE) -s $(installed)
	npm audit signatures

sbom: $(installed) ## Write what is shipped, package by package, to sbom.cdx.json (CycloneDX)
	@$(with_node) && exec npm exec --yes --package=@cyclonedx/cyclonedx-npm@6.0.1 --omit=optional -- \
	  cyclonedx-npm --omit dev --no-validate --output-reproducible --output-format JSON --output-file sbom.cdx.json

ci-job: $(installed) ## Run a job of .gitlab-ci.yml here, without GitLab and containers: JOB='test: [1/3]'
	@$(with_node) && exec node tools/ci/run-job.mjs '$(JOB)'

soak: $(built) ## Run the demo under changing faults for MINUTES=10, then verify
	@$(with_node) && exec npm run -s soak

demo-day: $(built) ## Thirty tickers, eight sources, every fault in turn; then hold each price against the simulated one
	@$(with_node) && exec npm run -s demo-day

load: $(built) ## TICKERS=1000 every INTERVAL=10 s for MINUTES=10 under the published limits
	@$(with_node) && exec npm run -s load

measure-lists: $(built) ## Records a second and memory of lists of assets and CSV files, beside plain INSERTs of the same rows
	@$(with_node) && exec node tools/measure-lists.mjs

up: ## Run it in containers, with stores of its own (Compose); DEMO=1 for simulated prices, WORKERS=3
	@exec tools/compose.sh up

down: ## End what `make up` started; its data stays in the volumes, unless VOLUMES=1 removes them
	@exec tools/compose.sh down

logs: ## Show and follow what the containers log
	@exec tools/compose.sh logs --follow

ps: ## List the containers
	@exec tools/compose.sh ps

image: ## Build the image: IMAGE=localhost/tidemark:dev TARGET=tidemark|tidemark-ccxt NODE_IMAGE=...
	@exec tools/image.sh build

image-load: ## Bring the image to a local cluster (kind, k3d, containerd, or KUBE_LOAD=command)
	@exec tools/image.sh load

test-compose: $(installed) ## Run docker-compose.yml for real: scaled, restarted, verified
	@$(with_node) && exec test/compose/run

k8s: $(built) ## Render the chart into k8s/, for those who apply manifests instead of Helm
	@$(with_node) && npm run -s generate && exec bash -c '. test/chart/tools.sh && exec node tools/render-chart.mjs'

test-chart: $(built) ## Lint, test and render the chart, hold it against the schemas and k8s/; tries it on the cluster of KUBECONFIG
	@$(with_node) && exec test/chart/run

test-cluster: $(built) ## Install, upgrade under load, roll back and cut off on the cluster of KUBECONFIG, with the image of this checkout
	@$(with_node) && exec test/cluster/run

build: $(built) ## Compile to dist, when a source has changed

install: $(installed) ## Install the packages of the lock file, when it has changed

clean: ## Remove dist and node_modules; data stays in .tidemark
	rm -rf dist node_modules

# `npm ci` empties node_modules first, and it would do so behind a link as well, in somebody else's folder.
$(installed): package-lock.json | node-version
	@test ! -L node_modules || { \
	  echo 'node_modules is a link to another folder, which npm ci would empty: remove the link, then try again.' >&2; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	@node_modules/.bin/node -e '' 2>/dev/null || { \
	  echo 'Tidemark brings its own Node 24, which does not run here (it needs the GNU C library on Linux, or macOS): use such a system.' >&2; \
	  exit 1; }
	@touch $@

# After a change of sources only that change is compiled; after one of packages or options everything, from nothing.
$(built): $(sources) tsconfig.json tsconfig.build.json tools/build.mjs package.json $(installed)
	@echo 'building ...'
	@$(if $(filter-out $(sources),$?),rm -rf dist)
	@$(with_node) && npm run -s build
	@touch $@

node-version:
	@command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || { \
	  echo 'Tidemark needs Node 20 or newer with npm: install it from https://nodejs.org' >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { \
	  echo "Tidemark needs Node 20 or newer, and this is $$(node --version): install a newer one from https://nodejs.org" >&2; exit 1; }
