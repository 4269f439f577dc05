# SPDX-License-Identifier: Apache-2.0
# One small image for every role: docker build -t tickcast . && docker run --rm -p 8080:8080 tickcast demo
# The root filesystem may be read-only, no capability is needed, and the user is nobody.

FROM debian:bookworm-slim AS build
WORKDIR /tickcast
COPY tools/setup tools/setup
RUN tools/setup build
COPY . .
# The compiler's cache outlives the layer: a changed file costs its own compilation.
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DTICKCAST_TESTS=OFF \
 && cmake --build --preset release --target tickcast \
 && install -D --strip build/release/tickcast /image/usr/local/bin/tickcast

FROM debian:bookworm-slim
# Debian's security updates come with a rebuild, so no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libcurl4 libfmt9 librdkafka1 libsimdjson14 libspdlog1.10 libssl3 libtomlplusplus3 zlib1g \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/*
COPY --from=build /image/ /
COPY deploy/debian/copyright /usr/share/doc/tickcast/copyright
# Stops here when a library is missing.
RUN ["tickcast", "version"]

USER 65532:65532
# Metrics and health; ":9464" lets other containers ask too.
ENV TICKCAST_ADMIN=127.0.0.1:9464
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["tickcast", "healthcheck"]
ENTRYPOINT ["tickcast"]
CMD ["demo"]

ARG VERSION=unreleased
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="tickcast" \
      org.opencontainers.image.description="Live best bid and ask of every symbol, to any number of WebSocket clients" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
