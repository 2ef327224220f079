# All images of Soundstage; `make images` builds them. To build one by hand:
#   docker build --target service --build-arg SERVICE=audience -t soundstage/audience .
#   docker build --target gateway --build-arg SERVICE=gateway -t soundstage/gateway .
#   docker build --target backing --build-arg SERVICE=backing -t soundstage/backing .
ARG BASE_IMAGE=python:3.11-slim-bookworm

# The lock file under a neutral name, so that services with equal locks share one environment and one layer.
FROM scratch AS lock
ARG SERVICE
COPY requirements/${SERVICE}.txt /lock.txt

# Ships bytecode: the filesystem is read-only at run time, and compiling costs as much CPU as the rest of a start.
FROM ${BASE_IMAGE} AS environment
COPY --from=lock /lock.txt /tmp/lock.txt
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --quiet --disable-pip-version-check --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: --requirement /tmp/lock.txt \
 && find /opt/venv -type d \( -name tests -o -name include \) -prune -exec rm -r {} + \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

# Kafka's jars, and the JVM's AOT cache recorded from one run.
FROM environment AS environment-backing
WORKDIR /app
COPY deploy/__init__.py deploy/
COPY deploy/local/__init__.py deploy/local/errors.py deploy/local/follow.py deploy/local/health.py deploy/local/home.py \
     deploy/local/part.py deploy/local/ports.py deploy/local/process.py deploy/local/provision.py deploy/local/
COPY deploy/local/backing deploy/local/backing
RUN REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt DATA_DIR=/tmp/data /opt/venv/bin/python -m deploy.local.backing jars \
 && python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE_IMAGE} AS runtime
RUN groupadd --gid 10001 soundstage && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp soundstage
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app:/app/gen PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp SOUNDSTAGE_HOME=/tmp/soundstage \
    HOST=0.0.0.0
WORKDIR /app

FROM runtime AS backing
COPY --from=environment-backing /opt/venv /opt/venv
COPY --from=environment-backing /app /app
RUN install --directory --owner 10001 --group 10001 /data
ENV DATA_DIR=/data
USER 10001:10001
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "-m", "deploy.local.backing"]

FROM runtime AS code
COPY --from=environment /opt/venv /opt/venv
COPY gen gen
COPY chassis chassis
COPY VERSION ./

FROM code AS gateway
COPY gateway gateway
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
USER 10001:10001
ENTRYPOINT ["python", "-m", "gateway"]

FROM code AS service
ARG SERVICE
COPY services/${SERVICE} services/${SERVICE}
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
ENV SERVICE=${SERVICE}
USER 10001:10001
# Exec form expands no variables, so a shell expands the name and then execs the service.
ENTRYPOINT ["/bin/sh", "-c", "exec python -m services.$SERVICE \"$@\"", "soundstage"]
