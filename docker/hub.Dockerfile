# Gateway, worker, sweeper and DIMSE door: one image, the command says which.
# docker build -f docker/hub.Dockerfile -t fada-hub .
FROM python:3.11.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/fada
WORKDIR /srv/fada
COPY . .
RUN /opt/fada/bin/pip install -c constraints.txt --editable .

FROM python:3.11.13-slim-bookworm
ENV PATH=/opt/fada/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FADA_HOME=/var/lib/fada \
    FADA_HOST=0.0.0.0 \
    FADA_METRICS_HOST=0.0.0.0 \
    FADA_RELEASES=/srv/fada/models/releases
# libgomp1: the OpenMP library of the text model's runtime, which the slim image lacks.
# The base image fixes Debian's release; its archive keeps one version of it.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin fada \
    && install -d -o fada -g fada -m 0700 /var/lib/fada /var/lib/fada-releases
COPY --from=build /opt/fada /opt/fada
COPY --from=build /srv/fada /srv/fada
WORKDIR /srv/fada
USER 10001:10001
VOLUME /var/lib/fada
EXPOSE 8042
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8042/health/live', timeout=4)"]
ENTRYPOINT ["fada", "serve"]
CMD ["gateway"]
