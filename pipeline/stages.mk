# A pipeline, from the front door. Which stages it has, and which of them have to run, says `unlearn4j run`:
# nothing here reads a pipeline file, and no rule depends on a file of the user's.

# $(call quoted,TEXT): one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# As they were typed, a dollar sign too. Behind =, so that a value may begin with a dash.
OVERRIDES := $(strip $(if $(value MODEL),--set=$(call quoted,model.path=$(value MODEL))) \
             $(if $(value DATA),--set=$(call quoted,data.path=$(value DATA))) \
             $(foreach s,$(value SET),--set=$(call quoted,$(s))))
ASKED     := --pipeline=$(call quoted,$(value PIPELINE)) $(OVERRIDES) \
             $(if $(value NAME),--run=$(call quoted,runs/$(value NAME))) \
             $(if $(value FORCE),$(foreach s,$(value FORCE),--force=$(call quoted,$(s))))

STAGES := finetune unlearn export evaluate verify relearn

.PHONY: $(STAGES) report plan

$(STAGES): $(BUILT)
	@$(UNLEARN4J) run $(ASKED) --until=$@

report: $(BUILT)
	@$(UNLEARN4J) run $(ASKED)

plan: $(BUILT)
	@$(UNLEARN4J) run $(ASKED) --plan
