# The model server on an NVIDIA GPU: NVIDIA's own image, with FADA's Python model in it.
# The image network runs on the GPU; a text model in GGUF runs on the processor. Weights that were
# imported with --serve transformers run on the GPU: they need torch, and a build that has it.
# docker build -f docker/triton-gpu.Dockerfile -t fada-triton-gpu [--build-arg TRANSFORMERS=yes] .
FROM nvcr.io/nvidia/tritonserver:25.06-py3
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/srv/fada \
    FADA_RELEASES=/srv/fada/models/releases \
    FADA_MODEL_THREADS=4
WORKDIR /srv/fada
COPY . .
# onnxruntime-gpu takes the place of onnxruntime; both would write to one folder.
RUN python3 -m pip install --break-system-packages -c constraints.txt \
        contourpy cryptography numpy pillow pydantic rfc8785 xllamacpp \
    && python3 -m pip install --break-system-packages onnxruntime-gpu==1.23.2 \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin fada \
    && install -d -o fada -g fada -m 0700 /var/lib/fada /var/lib/fada-releases
ARG TRANSFORMERS=
RUN if [ -n "$TRANSFORMERS" ]; then \
        python3 -m pip install --break-system-packages -c constraints.txt \
            accelerate llguidance peft safetensors torch transformers \
        && sed -i 's/KIND_CPU/KIND_GPU/' models/triton/fada/config.pbtxt; \
    fi
USER 10001:10001
EXPOSE 8000 8001 8002
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=4 \
    CMD ["curl", "-fsS", "http://127.0.0.1:8000/v2/health/ready"]
ENTRYPOINT ["tritonserver"]
CMD ["--model-repository=/srv/fada/models/triton", "--model-control-mode=explicit", \
     "--load-model=*", "--exit-on-error=true", "--disable-auto-complete-config"]
