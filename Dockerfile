# The image: the executable and what it needs to run, nothing else. Where no registry can be reached, a folder that
# holds `rootfs` takes the builder's place: --build-context builder=dist
ARG DENO_VERSION=2.9.6

FROM docker.io/denoland/deno:debian-${DENO_VERSION} AS builder
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates
WORKDIR /src
COPY . .
# What --version says: --build-arg COMMIT=$(git rev-parse --short=12 HEAD)
ARG COMMIT=unknown
RUN deno task compile --commit "$COMMIT" && deno task rootfs /rootfs

FROM scratch
LABEL org.opencontainers.image.title=wstunnel \
  org.opencontainers.image.description="WebSocket tunnel endpoint" \
  org.opencontainers.image.licenses=MIT
COPY --from=builder /rootfs /
# A store that certificates can be mounted over; the runtime's built-in one can't be changed.
ENV DENO_TLS_CA_STORE=system
USER 65532:65532
EXPOSE 8080
# Whether it answers; `--url ws://...` would ask for a backend, too, and open a tunnel each time. Who has it listen elsewhere
# gives a --health-cmd as well.
HEALTHCHECK --interval=30s --timeout=6s --start-period=2s --retries=3 \
  CMD ["/usr/bin/wstunnel", "check", "--url", "http://127.0.0.1:8080/healthz"]
# In a container loopback reaches nobody. A flag or a mounted file that says where to listen beats it.
ENV WSTUNNEL_LISTEN=:8080
ENTRYPOINT ["/usr/bin/wstunnel"]
