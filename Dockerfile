# One image for every process: docker build . (or podman, buildah, rootless BuildKit); see `make image`.
#   tidemark (the default)   without ccxt
#   tidemark-ccxt            with the ccxt of the lock file, for CCXT_EXCHANGES
# Behind a registry or a certificate authority of your own: --secret id=npmrc,src=... and --secret id=certificates,src=...
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS npm
WORKDIR /app
COPY package.json package-lock.json ./
# The base brings Node: no install script of a package may bring another one.
ENV NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_IGNORE_SCRIPTS=true \
  NPM_CONFIG_CACHE=/var/cache/npm
RUN printf '%s\n' '#!/bin/sh' 'set -e' \
  'if [ -f /run/secrets/npmrc ]; then export NPM_CONFIG_USERCONFIG=/run/secrets/npmrc; fi' \
  'if [ -f /run/secrets/certificates ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/certificates; fi' 'npm ci "$@"' \
  'find node_modules -type f \( -name "*.map" -o -name "*.d.ts" -o -name "*.d.cts" -o -name "*.d.mts" \) >/tmp/for-editors' \
  >/usr/local/bin/install-packages && chmod 755 /usr/local/bin/install-packages

FROM npm AS build
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=certificates --mount=type=cache,target=/var/cache/npm \
  install-packages --omit=optional
COPY tsconfig.json tsconfig.build.json ./
COPY tools/build.mjs tools/
COPY apps apps
COPY libs libs
RUN npm run -s build && rm dist/.tsbuildinfo && chmod 755 dist/apps/cli/src/main.js
# The command by its name, and the folders of TIDEMARK_HOME and of snapshots, as they lie in the image: a new volume takes the owner of its folder.
RUN mkdir -p /image/usr/local/bin /image/var/lib/tidemark/snapshots && ln -s /app/dist/apps/cli/src/main.js /image/usr/local/bin/tidemark

# Declarations and source maps of packages are for editors and debuggers; they are two fifths of what npm installs.
FROM npm AS packages
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=certificates --mount=type=cache,target=/var/cache/npm \
  install-packages --omit=dev --omit=optional && xargs rm </tmp/for-editors

# ccxt and what it needs, and none of the other optional packages.
FROM npm AS ccxt
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=certificates --mount=type=cache,target=/var/cache/npm \
  install-packages --omit=dev && xargs rm </tmp/for-editors \
  && npm query '#ccxt, #ccxt *' >/tmp/wanted.json \
  && node -e "for (const { location } of JSON.parse(fs.readFileSync('/tmp/wanted.json'))) fs.cpSync(location, '/wanted/' + location, { recursive: true })"

FROM ${NODE_IMAGE} AS base
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="Tidemark" \
  org.opencontainers.image.description="Self-hosted crypto prices: every expected price is there, once, exact to the digit." \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.source="${SOURCE}" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
# In a container every process is asked from outside: by probes, by a proxy, by what collects metrics.
ENV NODE_ENV=production CONTROL_HOST=0.0.0.0 WORKER_HOST=0.0.0.0 SIMULATOR_HOST=0.0.0.0 TIDEMARK_HOME=/var/lib/tidemark
# No name: what runs the image can tell that this user is not root.
USER 10001:10001
EXPOSE 8000 8001 8002 8003
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["tidemark", "health"]
ENTRYPOINT ["tidemark"]
CMD ["--help"]
# From here on what changes rarely comes first.
COPY --from=packages /app/node_modules node_modules
COPY --from=build --chown=10001:10001 /image/var/lib/tidemark /var/lib/tidemark
COPY --from=build /image/usr /usr
COPY package.json LICENSE ./
COPY samples samples
COPY --from=build /app/dist dist

FROM base AS tidemark-ccxt
COPY --from=ccxt /wanted/node_modules node_modules

FROM base AS tidemark
