# The image of Portico, for linux/amd64 and linux/arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag registry.example.com/portico:0.1.0 --push .
# It holds the Node that package-lock.json pins, the production dependencies and the sources, which Node runs as they are; no npm. It
# starts by the same launcher as a clone. It runs under any user, with a read-only file system. `node scripts/check-image.ts` tries its
# steps without an engine: keep to COPY, RUN, WORKDIR, ENV and what stands here already.

# Nothing that is installed has an install script, so that the build needs no emulation of the other architecture.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
ARG TARGETARCH
RUN apt-get update && apt-get install --yes --no-install-recommends libcap2-bin
# The folder of the image too: compiled code belongs to a path.
WORKDIR /portico
COPY package.json package-lock.json .npmrc ./
RUN case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; arm64) cpu=arm64 ;; *) exit 1 ;; esac \
 && npm ci --omit=dev --include=optional --ignore-scripts --no-audit --no-fund --os=linux --cpu=$cpu --libc=glibc \
 && mkdir bin \
 && cp node_modules/node-linux-$cpu/bin/node bin/node \
 && rm -rf node_modules/node-linux-* node_modules/.bin
COPY LICENSE ./
COPY bin bin
COPY src src
# Compiled code of what a start needs, for the user of the last stage: Node keeps it by path and by user. Where the architecture is not that
# of this machine there is none, and each pod makes its own in /tmp.
RUN if [ "$(dpkg --print-architecture)" = "${TARGETARCH:-$(dpkg --print-architecture)}" ]; then \
      none=$(mktemp -d); \
      NODE_COMPILE_CACHE=$PWD/compile-cache timeout 10 bin/portico serve --manifests="$none" --workers=1 \
        --http-port=0 --https-port=0 --healthz-port=0 --post-shutdown-grace-period=0 || [ $? = 124 ]; \
      for made in compile-cache/*-"$(id -u)"; do mv "$made" "${made%-*}-65532"; done; \
    fi
# Read by every user. The capability lets one that is not root listen on ports below 1024, where the container may do so at all.
RUN rm package-lock.json .npmrc \
 && chmod -R a+rX,go-w . \
 && setcap cap_net_bind_service=+ep bin/node

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Portico" \
      org.opencontainers.image.description="Kubernetes ingress controller that takes the place of ingress-nginx" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /portico /portico
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/tmp/portico-compile-cache
USER 65532:65532
EXPOSE 80 443 8443 10254
ENTRYPOINT ["/portico/bin/portico"]
CMD ["serve"]
