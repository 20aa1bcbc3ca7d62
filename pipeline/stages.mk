# The stages as file targets: finetune -> unlearn -> export -> evaluate -> verify -> relearn -> report. Each reads files and writes
# files whole or not at all, so a killed make goes on where it stopped, and -j is safe.

# $(call quoted,TEXT): one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

OVERRIDES := $(strip $(if $(MODEL),--set $(call quoted,model.path=$(MODEL))) \
             $(if $(DATA),--set $(call quoted,data.path=$(DATA))) $(foreach s,$(SET),--set $(call quoted,$(s))))
ASKED     := $(call quoted,$(strip $(PIPELINE) $(OVERRIDES)))
RESOLVED  := $(RUN)/pipeline.yaml
INPUTS    := $(RUN)/.inputs

# $(call written,BLOCK,KEY,FILE): the value of a key as it is written in a pipeline file, in either style of YAML.
written = $(shell awk -v block='$(1):' -v key='$(2):' -f pipeline/value.awk '$(3)' 2> /dev/null)
# $(call overridden,PATH): the value that SET gives a key.
overridden = $(patsubst $(1)=%,%,$(filter $(1)=%,$(SET)))
# As written, at the time a recipe runs.
resolved = $$(awk -v block='$(1):' -v key='$(2):' -f pipeline/value.awk $(RESOLVED))

# A pipeline with a finetune block makes the model that forgets, and its retain-only twin, from the model it names.
FINETUNES := $(if $(filter finetune.% finetune=%,$(SET)),yes,$(shell grep -sq '^finetune:' '$(PIPELINE)' && echo yes))
TAUGHT    := $(if $(FINETUNES),$(RUN)/target/config.json $(RUN)/retain/config.json)
STARTS    := $(if $(FINETUNES),--set model.path=$(RUN)/target --set model.reference=$(RUN)/retain)
REFERENCE := $(or $(FINETUNES),$(call overridden,model.reference),$(call written,model,reference,$(PIPELINE)))

UNLEARNED := $(RUN)/unlearned/config.json
EXPORTED  := $(RUN)/onnx/config.json
# Every exported number format is evaluated: the forgetting of each file is proved by itself.
comma     := ,
VARIANTS  := $(or $(call overridden,export.variants),$(call written,export,variants,$(PIPELINE)),fp32)
VARIANTS  := $(subst $(comma), ,$(subst ],,$(subst [,,$(VARIANTS))))
EVALUATED := $(if $(REFERENCE),$(RUN)/eval/retain.tf.json) $(RUN)/eval/target.tf.json $(RUN)/eval/unlearned.tf.json \
             $(foreach v,$(VARIANTS),$(RUN)/eval/unlearned.onnx$(patsubst %,-%,$(filter-out fp32,$(v))).json)
VERDICT   := $(RUN)/verify.json
# A pipeline with a relearn block asks whether what was forgotten stays forgotten.
RELEARNS  := $(if $(filter relearn.% relearn=%,$(SET)),yes,$(shell grep -sq '^relearn:' '$(PIPELINE)' && echo yes))
RELEARNED := $(if $(RELEARNS),$(RUN)/relearn.json)
REPORT    := $(RUN)/report.html

# verify writes its verdict and exits 1 where a gate does not hold; the report is made all the same, and make fails after.
HOLDS = grep -q '"verdict" *: *"pass"' $(VERDICT) || { echo '==> $(VERDICT): a gate did not hold' >&2; exit 1; }

FOLDER := $(or $(call overridden,model.path),$(MODEL),$(call written,model,path,$(PIPELINE)))
FILES  := $(if $(FOLDER),$(wildcard $(FOLDER)/*.safetensors $(FOLDER)/*.json)) $(if $(DATA),$(wildcard $(DATA)/*.json*))

# What was asked for, resolved once. The overrides are a file of their own, newer only when they change.
$(INPUTS)/overrides: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(ASKED) | cmp -s - $@ || printf '%s\n' $(ASKED) > $@

$(RESOLVED): $(PIPELINE) $(INPUTS)/overrides | $(BUILT)
	@$(UNLEARN4J) pipeline --pipeline '$(PIPELINE)' $(OVERRIDES) --out $@

# The blocks that a stage depends on, newer only when they change: a new gate verifies again but does not train again.
BLOCKS_finetune := name|model|data|finetune
BLOCKS_unlearn  := name|model|data|finetune|unlearn
BLOCKS_export   := export
BLOCKS_evaluate := model|data|evaluate
BLOCKS_verify   := data|evaluate|verify
BLOCKS_relearn  := model|data|evaluate|relearn

$(INPUTS)/%.yaml: $(RESOLVED)
	@awk '/^[a-z]/ {keep = /^($(BLOCKS_$*)):/} keep' $< > $@.part
	@cmp -s $@.part $@ && rm $@.part || mv $@.part $@

$(RUN)/target/config.json: $(INPUTS)/finetune.yaml $(FILES) | $(BUILT)
	@echo '==> finetune: the model that shall forget'
	@$(UNLEARN4J) finetune --pipeline $(RESOLVED) --out $(RUN)/target

$(RUN)/retain/config.json: $(INPUTS)/finetune.yaml $(FILES) | $(BUILT)
	@echo '==> finetune: the retain-only twin'
	@$(UNLEARN4J) finetune --pipeline $(RESOLVED) --set finetune.data=retain --out $(RUN)/retain

$(UNLEARNED): $(INPUTS)/unlearn.yaml $(or $(TAUGHT),$(FILES)) | $(BUILT)
	@echo '==> unlearn'
	@$(UNLEARN4J) unlearn --pipeline $(RESOLVED) $(STARTS) --out $(RUN)/unlearned

$(EXPORTED): $(INPUTS)/export.yaml $(UNLEARNED) | $(BUILT)
	@echo '==> export'
	@before="$(if $(FINETUNES),$(RUN)/target,$(call resolved,model,path))"; \
	  $(UNLEARN4J) export --model $(RUN)/unlearned --out $(RUN)/onnx \
	  --variants "$(call resolved,export,variants)" --opset "$(call resolved,export,opset)" \
	  $${before:+--before "$$before"}

# $(call evaluate,FOLDER,RUNTIME)
evaluate = @echo '==> evaluate: $(@F)'; \
  $(UNLEARN4J) evaluate --pipeline $(RESOLVED) $(STARTS) --model $(1) --runtime $(2) --out $@ \
  $(if $(REFERENCE),$(if $(filter %/retain.tf.json,$@),,--reference $(RUN)/eval/retain.tf.json))
NEEDED_TO_EVALUATE := $(INPUTS)/evaluate.yaml $(if $(REFERENCE),$(RUN)/eval/retain.tf.json)

$(RUN)/eval/retain.tf.json: $(INPUTS)/evaluate.yaml $(or $(TAUGHT),$(FILES)) | $(BUILT)
	$(call evaluate,"$(if $(FINETUNES),$(RUN)/retain,$(call resolved,model,reference))",tf)

$(RUN)/eval/target.tf.json: $(NEEDED_TO_EVALUATE) $(or $(TAUGHT),$(FILES)) | $(BUILT)
	$(call evaluate,"$(if $(FINETUNES),$(RUN)/target,$(call resolved,model,path))",tf)

$(RUN)/eval/unlearned.tf.json: $(NEEDED_TO_EVALUATE) $(UNLEARNED) | $(BUILT)
	$(call evaluate,$(RUN)/unlearned,tf)

$(RUN)/eval/unlearned.onnx.json: $(NEEDED_TO_EVALUATE) $(EXPORTED) | $(BUILT)
	$(call evaluate,$(RUN)/onnx,onnx)

$(RUN)/eval/unlearned.onnx-%.json: $(NEEDED_TO_EVALUATE) $(EXPORTED) | $(BUILT)
	$(call evaluate,$(RUN)/onnx,onnx:$*)

$(VERDICT): $(INPUTS)/verify.yaml $(UNLEARNED) $(EXPORTED) $(EVALUATED) | $(BUILT)
	@echo '==> verify'
	@$(UNLEARN4J) verify --pipeline $(RESOLVED) $(STARTS) --model $(RUN)/unlearned --onnx $(RUN)/onnx --out $@ \
	  || test $$? -eq 1

# After the verdict, so that a file that does not hold is known first; it is no input.
$(RUN)/relearn.json: $(INPUTS)/relearn.yaml $(UNLEARNED) $(filter %.tf.json,$(EVALUATED)) | $(BUILT) $(VERDICT)
	@echo '==> relearn'
	@$(UNLEARN4J) relearn --pipeline $(RESOLVED) $(STARTS) --model $(RUN)/unlearned --out $@

$(REPORT): $(RESOLVED) $(EVALUATED) $(VERDICT) $(RELEARNED) | $(BUILT)
	@echo '==> report'
	@$(UNLEARN4J) report --run $(RUN)
