# CUDA's libraries, the self-contained folder and its pieces, all in build/.

DEVICE := $(if $(GPU),gpu,cpu)
CUDA   := build/cuda/SHA256SUMS
BUNDLE := build/unlearn4j-$(DEVICE)
PIECES := $(BUNDLE)-pieces
# Options of gpu-check.
CHECK  ?=

$(CUDA): pipeline/gpu/cuda.sha256 pipeline/gpu/libraries.sh
	@echo '==> gpu-libs'
	@MAVEN='$(MVN) -B -ntp -q -Pgpu' sh pipeline/gpu/libraries.sh build/cuda

$(BUNDLE): $(BUILT) $(if $(GPU),$(CUDA)) pipeline/fable.yaml \
    $(shell find pipeline/gpu models src/test/rival src/test/resources/fixtures -type f 2> /dev/null)
	@echo '==> gpu-bundle ($(DEVICE))'
	@sh pipeline/gpu/bundle.sh $(DIST) $@ $(if $(GPU),build/cuda)

$(PIECES): $(BUNDLE)
	@echo '==> pieces'
	@sh pipeline/gpu/pieces.sh $(BUNDLE) $@
