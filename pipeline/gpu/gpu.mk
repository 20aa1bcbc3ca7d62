# CUDA's libraries, the self-contained folder and its pieces, all in build/.

DEVICE := $(if $(GPU),gpu,cpu)
CUDA   := build/cuda/SHA256SUMS
# SLIM=1: of CUDA only what training needs; what ONNX Runtime needs there besides lies in pieces of its own.
BUNDLE := build/unlearn4j-$(if $(SLIM),slim,$(DEVICE))
PIECES := $(BUNDLE)-pieces
# Options of gpu-check.
CHECK  ?=

$(CUDA): pipeline/gpu/cuda.sha256 pipeline/gpu/libraries.sh
	@echo '==> gpu-libs'
	@MAVEN='$(MVN) -B -ntp -q -Pgpu' sh pipeline/gpu/libraries.sh build/cuda

$(BUNDLE): $(BUILT) $(if $(GPU),$(CUDA)) pipeline/fable.yaml \
    $(shell find pipeline/gpu models src/test/rival src/test/resources/fixtures -type f 2> /dev/null)
	@echo '==> gpu-bundle ($(DEVICE))'
	@SLIM=$(SLIM) sh pipeline/gpu/bundle.sh $(DIST) $@ $(if $(GPU),build/cuda)

$(PIECES): $(BUNDLE) pipeline/gpu/pieces.sh pipeline/gpu/join.sh pipeline/gpu/run.sh
	@echo '==> pieces'
	@$(if $(SLIM),PACK='xz -6 -T0') sh pipeline/gpu/pieces.sh $(BUNDLE) $@

# Laid over the slim bundle, and made without it.
$(BUNDLE)-onnx: $(BUILT) $(CUDA) pipeline/gpu/onnx.sh pipeline/gpu/slim.txt
	@echo '==> gpu-bundle (onnx)'
	@sh pipeline/gpu/onnx.sh $(DIST) $@ build/cuda

$(BUNDLE)-onnx-pieces: $(BUNDLE)-onnx pipeline/gpu/pieces.sh pipeline/gpu/join.sh
	@echo '==> pieces (onnx)'
	@PACK='xz -6 -T0' sh pipeline/gpu/pieces.sh $(BUNDLE)-onnx $@ $(notdir $(BUNDLE))

$(BUNDLE)-image.tar: $(BUNDLE) pipeline/image.sh
	@echo '==> image'
	@sh pipeline/image.sh $(BUNDLE) $@
