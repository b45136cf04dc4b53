# One image for every service and for the gateway:
#   docker build --build-arg SERVICE=lead -t lianxiao-lead .
# SERVICE only chooses what runs when no command is given; the chart gives one.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app:/app/gen
RUN python -m tools.protos && python -m tools.web
RUN python -m venv /runtime \
 && python -m tools.runtime_lock > runtime.lock \
 && /runtime/bin/pip install --no-cache-dir --no-deps --require-hashes -r runtime.lock \
 && /runtime/bin/pip uninstall --yes --quiet pip

FROM python:3.11-slim-bookworm
ARG SERVICE=org
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin lianxiao
WORKDIR /app
COPY --from=build /runtime /runtime
COPY --from=build /app/gen gen
COPY --from=build /app/shared shared
COPY --from=build /app/services services
COPY --from=build /app/gateway/*.py gateway/
COPY --from=build /app/gateway/reasons gateway/reasons
COPY --from=build /app/gateway/web/dist gateway/web/dist
ENV PATH=/runtime/bin:$PATH PYTHONPATH=/app:/app/gen PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SERVICE=$SERVICE LIANXIAO_GRPC_HOST=0.0.0.0 LIANXIAO_HTTP_HOST=0.0.0.0 LIANXIAO_METRICS_HOST=0.0.0.0
USER 10001
EXPOSE 7001 8080 9401
CMD ["sh", "-c", "if [ \"$SERVICE\" = gateway ]; then exec python -m gateway; else exec python -m services \"$SERVICE\" server; fi"]
