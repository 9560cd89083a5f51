# The service with its default bundle and bank. No BuildKit feature is used, so the classic builder works too.
#   docker build -t echoscribe .                         GPU search; without a GPU it serves on the CPU and says so
#   docker build -t echoscribe:cpu --build-arg FAISS=cpu .
# Any Debian-like image with Python 3.11 and venv can be the base: --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS dependencies
ARG FAISS=gpu
# An index with CPU builds of torch, https://download.pytorch.org/whl/cpu, leaves NVIDIA's packages out (docs/licences.md).
ARG TORCH_INDEX=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN test "$FAISS" = cpu || test "$FAISS" = gpu || { echo "FAISS must be cpu or gpu, not '$FAISS'"; exit 1; }
RUN python3 -m venv /opt/echoscribe
ENV PATH=/opt/echoscribe/bin:$PATH
WORKDIR /src
# The gigabytes first: this layer is made again only when a pinned version changes.
COPY constraints.txt ./
RUN pip install -c constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple} torch torchvision \
    && pip install -c constraints.txt "faiss-${FAISS}"
# An empty package has the dependencies of the real one.
COPY pyproject.toml ./
RUN touch README.md LICENSE && mkdir service model index \
    && pip install -c constraints.txt ".[${FAISS},postgresql]" && pip uninstall --yes echoscribe

FROM dependencies AS wheel
RUN rm -rf /src/*
COPY pyproject.toml README.md LICENSE ./
COPY model model
COPY index index
COPY service service
RUN pip wheel --no-deps --wheel-dir /dist .

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="EchoScribe" \
      org.opencontainers.image.description="Draft echocardiography reports for a physician to edit and sign. Not a medical device." \
      org.opencontainers.image.licenses="MIT"
# 10001: no user of a usual host; files of the volume then belong to nobody else.
RUN useradd --system --uid 10001 --no-create-home --home-dir /var/lib/echoscribe echoscribe \
    && install -d -o echoscribe -m 0700 /var/lib/echoscribe
# Two layers, so that an update of the code alone moves megabytes and not gigabytes.
COPY --from=dependencies /opt/echoscribe /opt/echoscribe
COPY --from=wheel /dist /tmp/dist
RUN /opt/echoscribe/bin/pip install --no-deps --no-cache-dir /tmp/dist/*.whl && rm -rf /tmp/dist \
    && /opt/echoscribe/bin/pip check
ENV PATH=/opt/echoscribe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ECHOSCRIBE_HOST=0.0.0.0 \
    ECHOSCRIBE_STORE=/var/lib/echoscribe/results.sqlite3 \
    ECHOSCRIBE_UPLOAD_FOLDER=/var/lib/echoscribe/uploads
USER echoscribe
WORKDIR /var/lib/echoscribe
VOLUME /var/lib/echoscribe
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["python", "-m", "service.http.healthcheck"]
ENTRYPOINT ["echoscribe"]
CMD ["serve"]
