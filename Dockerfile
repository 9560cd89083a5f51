# The service with its default bundle and bank. No BuildKit feature is used, so the classic builder works too.
#   docker build -t echoscribe .                         GPU search; without a GPU it serves on the CPU and says so
#   docker build -t echoscribe:cpu --build-arg FAISS=cpu .
# Any Debian-like image with Python 3.11 and venv can be the base: --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ARG FAISS=gpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN test "$FAISS" = cpu || test "$FAISS" = gpu || { echo "FAISS must be cpu or gpu, not '$FAISS'"; exit 1; }
RUN python3 -m venv /opt/echoscribe
ENV PATH=/opt/echoscribe/bin:$PATH
WORKDIR /src
# Dependencies first: this layer of several gigabytes is built again only when they change.
COPY pyproject.toml constraints.txt ./
RUN touch README.md LICENSE && mkdir service model index \
    && pip install -c constraints.txt ".[${FAISS}]" && pip uninstall --yes echoscribe && rm -rf /src/*
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY model model
COPY index index
COPY service service
RUN pip install --no-deps . && pip check && rm -rf /src

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="EchoScribe" \
      org.opencontainers.image.description="Draft echocardiography reports for a physician to edit and sign. Not a medical device." \
      org.opencontainers.image.licenses="MIT"
# 10001: no user of a usual host; files of the volume then belong to nobody else.
RUN useradd --system --uid 10001 --no-create-home --home-dir /var/lib/echoscribe echoscribe \
    && install -d -o echoscribe -m 0700 /var/lib/echoscribe
COPY --from=build /opt/echoscribe /opt/echoscribe
ENV PATH=/opt/echoscribe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ECHOSCRIBE_HOST=0.0.0.0 \
    ECHOSCRIBE_STORE=/var/lib/echoscribe/results.sqlite3
USER echoscribe
WORKDIR /var/lib/echoscribe
VOLUME /var/lib/echoscribe
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["python", "-m", "service.healthcheck"]
ENTRYPOINT ["echoscribe"]
CMD ["serve"]
