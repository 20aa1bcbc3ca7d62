# Unlearn4J's front door. `make` runs the main job, `make test` the tests, `make help` lists the rest.
# Needs a JDK 17 or newer, Maven and make; everything else is downloaded by Maven at the first run.

PIPELINE ?= pipeline/fable-floors.yaml
MODEL    ?=
DATA     ?=
SET      ?=
GPU      ?=
SLIM     ?=
NAME     ?=
FORCE    ?=
RUNS     ?=
COMPARED ?= runs/compare.html
MVN      ?= mvn
BENCH    ?= --shape 5m --objective NPO --steps 20
PEER     ?= --shape 5m --steps 20
PEER_BLAS ?= mkl

# These are about GPUs unless they are told otherwise: GPU= on the command line makes the same of the CPU build.
ifneq ($(filter gpu-bundle gpu-check gpu-rehearsal,$(MAKECMDGOALS))$(SLIM),)
GPU := 1
endif

MAVEN     := $(MVN) -B -ntp -q $(if $(GPU),-Pgpu)
DIST      := target/dist
UNLEARN4J := $(DIST)/bin/unlearn4j
TEACH     := $(UNLEARN4J) finetune --pipeline pipeline/fable-models.yaml --dtype float16
FORMS     := $(UNLEARN4J) finetune --pipeline pipeline/fable-forms.yaml --dtype float16
BUILT     := target/build.stamp
# The classes of a run with nothing to do, as the JVM maps them: a third of the time of such a run. Any JVM that did not make it
# does without.
ARCHIVE    = UNLEARN4J_JAVA_OPTS="-XX:ArchiveClassesAtExit=$(DIST)/classes.jsa -Xlog:disable" \
             $(UNLEARN4J) run --pipeline pipeline/fable.yaml --plan > target/archive.log 2>&1 || rm -f $(DIST)/classes.jsa;
CLIENTS   := target/clients/node_modules/.package-lock.json
# Programs among the tests, started as the launcher starts the product.
TESTS      = $(MAVEN) test-compile dependency:build-classpath -Dmdep.outputFile=target/tests.classpath -Dmdep.includeScope=test
CHILD      = TF_CPP_MIN_LOG_LEVEL=2 OPT_OUT_TRACKING=true ORT_DISABLE_TELEMETRY=1 java -Xmx256m -XX:+UseSerialGC \
             -Djava.awt.headless=true -Doffline=true -Dorg.bytedeco.javacpp.maxBytes=0 -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 \
             -cp "target/test-classes:target/classes:$$(cat target/tests.classpath)"
FIRST     := $(if $(wildcard $(HOME)/.m2/repository/org/tensorflow),, (Maven downloads about 300 MB first))
GRID      := runs/fable-int4/config.json
SOURCES   := pom.xml $(shell find src/main -type f) $(wildcard pipeline/bom.sh src/test/java/org/unlearn4j/build/Sbom*.java \
             src/test/java/org/unlearn4j/build/OwnJar.java)

# Runs the $(STUDIES) of pipeline/studies into runs/ and writes their tables into one page.
studies = @for s in $(STUDIES); do $(UNLEARN4J) study --file pipeline/studies/$$s.yaml \
  $(foreach s,$(value SET),--set=$(call quoted,$(s))) --out runs/$$s --table $(1) || exit; done

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

include pipeline/stages.mk
include pipeline/gpu/gpu.mk

.PHONY: all test build graphs models bench bench-growth bench-peer compare clients fuzz kills faults soak reproducible spark spark-test doctor gpu-libs gpu-bundle gpu-check gpu-rehearsal image docs format clreg-table clreg-tune deep-table requests-table quantization-table adapters-table meta-table sweep clean help ALWAYS

all: report ## the main job: unlearn, export, evaluate on both runtimes, verify, report (the default)

test: target/build.native ## formatting, compilation, all fast tests
	@echo '==> test$(FIRST)'
	@rm -rf $(DIST) $(BUILT) target/surefire-reports
	@$(MAVEN) spotless:check verify -Dmaven.javadoc.skip -Dmaven.source.skip; code=$$?; sh pipeline/test-summary.sh target/surefire-reports; \
	  test $$code -eq 0 && sh pipeline/bom.sh $(DIST) && { $(ARCHIVE) touch $(BUILT); }

build: $(BUILT) ## the dist folder, target/dist (GPU=1: with the CUDA runtimes)

finetune: ## only up to this stage (nothing to do for a pipeline without one)

unlearn: ## only up to this stage

export: ## only up to this stage

evaluate: ## only up to this stage

verify: ## only up to this stage; fails where a gate does not hold

relearn: ## only up to this stage (nothing to do for a pipeline without one)

attack: ## only up to this stage (nothing to do for a pipeline without one)

report: ## report.html in the run folder; fails where a gate does not hold

plan: ## what would run, and why

graphs: $(BUILT) ## rewrites the graph listings in graphs/
	$(UNLEARN4J) graphs --out graphs

models: $(BUILT) ## teaches the embedded models again (models/)
	$(UNLEARN4J) fable-tokenizer --out runs/fable-models/tokenizer
	$(TEACH) --out models/fable-target
	$(TEACH) --set finetune.data=retain --out models/fable-retain
	$(FORMS) --out models/forms-target
	$(FORMS) --set finetune.data=retain --set model.path=models/fable-retain --out models/forms-retain

bench: $(BUILT) ## time of a training step, float32 and bfloat16 (BENCH: the shape)
	$(UNLEARN4J) bench $(BENCH) --precision fp32 --history target/bench.jsonl
	$(UNLEARN4J) bench $(BENCH) --precision bf16 --history target/bench.jsonl
	$(UNLEARN4J) bench --trend target/bench.jsonl

bench-growth: $(BUILT) ## how a step's time and memory grow, with two pictures: target/growth (two minutes)
	$(UNLEARN4J) bench --growth target/growth --hidden 128 --layers 2 --heads 4 --kv-heads 4 --ffn 352 --vocab 2048 \
	  --rows 2 --tokens 128 --steps 5

bench-peer: $(BUILT) peer/target/unlearn4j-peer.jar ## the step beside LibTorch's, in turns, into target/bench-peer.json (PEER: as BENCH; 300 MB)
	@java -Dorg.bytedeco.javacpp.cachedir=peer/target/javacpp -cp "peer/target/unlearn4j-peer.jar:$$(cat peer/target/classpath)" \
	  org.unlearn4j.peer.Main race $(PEER_BLAS) $(UNLEARN4J) target/bench-peer.json $(PEER)

clreg-table: $(BUILT) ## every method without and with CLReg over three seeds, and docs/results/clreg-table.md (half an hour)
	@$(UNLEARN4J) study --file pipeline/studies/clreg-table.yaml $(OVERRIDES) \
	  --out runs/clreg-table --table docs/results/clreg-table.md

clreg-tune: runs/fable-tune-retain/model.safetensors $(BUILT) ## settings for clreg-table sought on tune10, with one budget: runs/clreg-tune/*/sweep.md (an hour)
	@for file in pipeline/sweeps/clreg/*.yaml; do \
	  $(UNLEARN4J) sweep --file $$file --out runs/clreg-tune/$$(basename $$file .yaml) || exit 1; done

deep-table: $(BUILT) ## how deep methods forget, without and with robust forgetting, over three seeds: runs/deep-table (an hour and a half)
	@$(UNLEARN4J) study --file pipeline/studies/deep-table.yaml $(OVERRIDES) --out runs/deep-table

requests-table: $(BUILT) ## five requests by every strategy over three seeds, and docs/results/requests.md (under an hour)
	@$(UNLEARN4J) requests table runs/requests-table --study pipeline/studies/requests.yaml $(OVERRIDES) \
	  --page docs/results/requests.md

quantization-table: STUDIES = quantization quantization-grid
quantization-table: $(GRID) $(BUILT) ## what int8 and int4 bring back over three seeds, into docs/results/quantization.md (half an hour)
	$(call studies,docs/results/quantization.md)

sweep: runs/fable-tune-retain/model.safetensors $(BUILT) ## settings sought on tune10: runs/sweep/best.yaml and sweep.md (two hours)
	@$(UNLEARN4J) sweep --file pipeline/sweeps/fable.yaml $(OVERRIDES) --out runs/sweep

adapters-table: STUDIES = adapters adapters-grid
adapters-table: $(GRID) $(BUILT) ## adapters beside training of the whole model over three seeds, into docs/results/adapters.md (40 minutes)
	$(call studies,docs/results/adapters.md)

meta-table: $(BUILT) ## which metrics tell models that know from others, twelve models, into docs/results/attacks.md (half an hour)
	@PAGE=docs/results/attacks.md sh pipeline/meta.sh $(UNLEARN4J) runs/meta $(SEEDS)

compare: $(BUILT) ## lays runs side by side: RUNS="fable mine", folders or names in runs/
	@$(UNLEARN4J) compare $(RUNS) --out $(COMPARED)

clients: $(CLIENTS) ## the exported folder in transformers.js against generate (needs Node; npm installs into target/clients)
	@echo '==> clients'
	@rm -rf target/surefire-reports
	@$(MAVEN) test -Dtest=ClientsTest -Dtest.excludedGroups=; code=$$?; \
	  sh pipeline/test-summary.sh target/surefire-reports; exit $$code

fuzz: ## damaged files for every reader: CASES=2000 SEED=1 FROM=0; what breaks a promise lies in target/fuzz
	@echo '==> fuzz'
	@$(TESTS)
	@$(CHILD) org.unlearn4j.cli.Fuzzer $(or $(SEED),1) $(or $(FROM),0) $(or $(CASES),2000)

kills: ## commands killed at random moments, resumed and compared: KILLS=200 SEED=1; what was lost lies in target/kills
	@echo '==> kills'
	@$(TESTS)
	@$(CHILD) org.unlearn4j.faults.Killed $(or $(KILLS),200) $(or $(SEED),1)

faults: ## full and read-only disks, signals, no native memory, replaced files, then make kills
	@echo '==> faults'
	@rm -rf target/surefire-reports
	@$(MAVEN) test -Dtest='org.unlearn4j.faults.*Test,KilledRunTest,ReplacedInputsTest' -Dtest.excludedGroups= -DforkCount=1; code=$$?; \
	  sh pipeline/test-summary.sh target/surefire-reports; exit $$code
	@$(MAKE) --no-print-directory kills

soak: ## everything round and round in one process: HOURS=1; what it held after each round is in target/soak/soak.json
	@echo '==> soak'
	@$(TESTS)
	@$(CHILD) org.unlearn4j.cli.Soak $(or $(HOURS),1)

reproducible: ## builds twice, in two folders, time zones and languages, and compares every byte
	@echo '==> reproducible'
	@sh pipeline/reproducible.sh $${TMPDIR:-/tmp}/unlearn4j-reproducible

spark: ## spark/target/unlearn4j-spark.jar, for spark-submit (Spark's libraries from Maven, 220 MB, once)
	@$(MVN) -B -ntp -q -f spark/pom.xml package -DskipTests

spark-test: $(BUILT) ## parts of an evaluation on two executor processes, one of them killed, and on HDFS
	@echo '==> spark-test'
	@$(MVN) -B -ntp -q -f spark/pom.xml spotless:check test

doctor: $(BUILT) ## versions, native libraries, devices, memory, disk
	@$(UNLEARN4J) doctor

gpu-libs: $(CUDA) ## CUDA 12 and cuDNN 9 from their Maven artifact into build/cuda (2 GB to download, once)

gpu-bundle: $(BUNDLE) $(PIECES) $(if $(SLIM),$(BUNDLE)-onnx-pieces) ## runs without Java, Maven or network, in pieces (GPU=: of the CPU build; SLIM=1: least of CUDA)

image: $(BUNDLE)-image.tar ## a container image as a tar, for docker load and OCI tools; no daemon, no registry (GPU=1, SLIM=1)

gpu-check: $(BUNDLE) ## doctor, fixtures, a run on Fable and timings on the device, into gpu-check.json
	@$(BUNDLE)/gpu-check $(CHECK)

gpu-rehearsal: $(PIECES) ## from the pieces to the last part, without network, Java or Maven, in MINUTES=12 of the CPU (SLIM=1, GPU=)
	@sh pipeline/gpu/rehearse.sh $(PIECES) $(or $(MINUTES),12) $(CHECK)

docs: ## the Javadoc site, target/site/apidocs: begin with the pages of the packages
	@echo '==> docs$(FIRST)'
	@$(MAVEN) compile javadoc:javadoc
	@echo target/site/apidocs/index.html

format: ## google-java-format on every Java file
	@$(MAVEN) spotless:apply

clean: ## removes target/ and runs/
	rm -rf target spark/target peer/target runs build/unlearn4j-*

help: ## this
	@echo 'make [TARGET] [PIPELINE=FILE.yaml] [MODEL=DIR] [DATA=DIR] [SET="a.b=c ..."] [NAME=...] [FORCE=STAGE] [GPU=1]'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  PIPELINE   the pipeline file (pipeline/fable.yaml)    MODEL   overrides model.path, a Hugging Face folder'
	@echo '  DATA       overrides data.path                        SET     overrides any entry of the pipeline'
	@echo '  NAME       the run folder is runs/NAME (the name in the pipeline file)'
	@echo '  FORCE      stages that run even if nothing they read has changed, for instance FORCE=unlearn'

# The target on the codes of int4: every linear map replaced by what its codes stand for.
$(GRID): models/fable-target/model.safetensors | $(BUILT)
	@$(UNLEARN4J) round --model $(<D) --variant int4 --out $(@D)

# The retain-only model of the authors that settings are sought on.
runs/fable-tune-retain/model.safetensors: | $(BUILT)
	@$(TEACH) --set model.tokenizer=models/fable-target --set data.forget=tune10 --set data.retain=tune90 \
	  --set finetune.data=retain --out $(@D)

# Install scripts stay off: onnxruntime-node's would only fetch CUDA, its CPU libraries are in the package.
$(CLIENTS): src/test/node/package.json src/test/node/package-lock.json
	@command -v npm > /dev/null || { echo 'make clients: found no npm, expected Node 18 or newer with npm.' >&2; exit 2; }
	@mkdir -p target/clients
	@cp src/test/node/package.json src/test/node/package-lock.json target/clients/
	@cd target/clients && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The natives of the CPU and the CUDA build must not lie on one class path, so lib/ is filled afresh.
$(BUILT): $(SOURCES) target/build.native $(if $(filter test,$(MAKECMDGOALS)),| test)
	@echo '==> build$(FIRST)'
	@rm -rf $(DIST)
	@$(MAVEN) package -Dmaven.test.skip=true
	@sh pipeline/bom.sh $(DIST)
	@$(ARCHIVE)
	@touch $@

# Its JavaCPP is not TensorFlow's, so it is a project, and a process, of its own.
peer/target/unlearn4j-peer.jar: peer/pom.xml $(wildcard peer/src/main/java/org/unlearn4j/peer/*.java)
	@$(MVN) -B -ntp -q -f peer/pom.xml package
	@touch $@

# Which natives the dist folder holds; rewritten, and so newer, only when that changes.
target/build.native: ALWAYS
	@mkdir -p $(@D); echo $(if $(GPU),gpu,cpu) | cmp -s - $@ || echo $(if $(GPU),gpu,cpu) > $@
