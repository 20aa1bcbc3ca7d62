# A pipeline, from the front door. Which stages it has, and which of them have to run, says `unlearn4j run`:
# nothing here reads a pipeline file, and no rule depends on a file of the user's.

# $(call quoted,TEXT): one word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'

# As they were typed, a dollar sign too. Behind =, so that a value may begin with a dash.
OVERRIDES := $(if $(value MODEL),--set=$(call quoted,model.path=$(value MODEL))) \
             $(if $(value DATA),--set=$(call quoted,data.path=$(value DATA))) \
             $(foreach s,$(value SET),--set=$(call quoted,$(s)))
ASKED     := --pipeline=$(call quoted,$(value PIPELINE)) $(OVERRIDES) \
             $(if $(value NAME),--run=$(call quoted,runs/$(value NAME))) \
             $(foreach s,$(value FORCE),--force=$(call quoted,$(s)))
# make -j4: as many stages side by side.
JOBS       = $(patsubst -j%,--jobs=%,$(filter -j%,$(MAKEFLAGS)))

# What make hands on to recipes it expands first, and a name is no program.
unexport PIPELINE MODEL DATA SET NAME FORCE RUNS COMPARED

STAGES := finetune unlearn export evaluate verify relearn attack

.PHONY: $(STAGES) report plan

$(STAGES): $(BUILT)
	@$(UNLEARN4J) run $(ASKED) --until=$@ $(JOBS)

report: $(BUILT)
	@$(UNLEARN4J) run $(ASKED) $(JOBS)

plan: $(BUILT)
	@$(UNLEARN4J) run $(ASKED) --plan
