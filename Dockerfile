# The shop as one binary and its assets. Built by the same `make build` as on a desk.
FROM node:20-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /shop
# The tools change rarely and take longest: a layer of their own.
COPY Makefile Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY .ci .ci
RUN make setup-wasm setup-tools
COPY . .
RUN make build

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --create-home --home-dir /var/lib/rolitt rolitt
COPY --from=build /shop/target/shop /usr/lib/rolitt
USER rolitt
# `data/` of the default SQLite database is made here.
WORKDIR /var/lib/rolitt
VOLUME /var/lib/rolitt
ENV LEPTOS_SITE_ADDR=0.0.0.0:3000
EXPOSE 3000
# `rolitt doctor` asks the providers too, which is for a person; a container is well when it can serve.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD \
  ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000; printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["/usr/lib/rolitt/rolitt"]
CMD ["serve"]
