# The gateway without Cloudflare: workerd, the runtime Workers run on, with records in SQLite files on a local disk.
#
#   npx wrangler deploy --dry-run --outdir dist/gateway     bundles the Worker to dist/gateway/index.js
#   cp deploy/workerd.capnp dist/gateway/                   it embeds the index.js beside it
#   FOREBAY_KEYS='[…]' FOREBAY_SECRETS='{…}' npx workerd serve dist/gateway/workerd.capnp \
#     --directory-path state=/var/lib/forebay --socket-addr http=0.0.0.0:8787
#
# There is no queue here, so a shard that is full answers 503 and its senders come again (`whenFull` of a stream).
# One process per state directory: SQLite files have one writer. It may be killed at any moment; what was answered 2xx is
# on disk (SQLite in WAL mode, fsync on every commit). Asked to end with SIGTERM, workerd waits for the drain's WebSockets, which
# never end, and answers nobody meanwhile: let a SIGKILL follow after a second. Put a TLS-terminating proxy before it.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "state", disk = (path = "state", writable = true)),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:8787", http = (), service = "gateway"),
  ],
);

const gateway :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = "2026-10-15",
  compatibilityFlags = ["no_nodejs_compat", "no_nodejs_compat_v2"],
  bindings = [
    # The first API keys, one with the scope admin: a JSON array of {id, hash, scopes, quota?}; hash = hex SHA-256 of the
    # whole key. All others are made over POST /admin/v1/keys.
    (name = "FOREBAY_KEYS", fromEnvironment = "FOREBAY_KEYS"),
    # All secrets the pipeline names, in one JSON object: {"GITHUB_WEBHOOK_SECRET": "…"}. So this file fits every
    # pipeline. A binding of the secret's own name, as on Cloudflare, comes first where there is one.
    (name = "FOREBAY_SECRETS", fromEnvironment = "FOREBAY_SECRETS"),
    (name = "SHARD", durableObjectNamespace = "Shard"),
    (name = "IDEMPOTENCY", durableObjectNamespace = "Idempotency"),
    (name = "KEYS", durableObjectNamespace = "Keys"),
    (name = "DEVICES", durableObjectNamespace = "Devices"),
    (name = "QUOTA", durableObjectNamespace = "Quota"),
    (name = "DEVICE_REVOCATIONS", durableObjectNamespace = "DeviceRevocations"),
  ],
  durableObjectNamespaces = [
    # The unique keys name directories below the state directory: changing one abandons its data.
    (className = "Shard", uniqueKey = "forebay-shard", enableSql = true),
    (className = "Idempotency", uniqueKey = "forebay-idempotency", enableSql = true),
    (className = "Keys", uniqueKey = "forebay-keys", enableSql = true),
    (className = "Devices", uniqueKey = "forebay-devices", enableSql = true),
    (className = "Quota", uniqueKey = "forebay-quota", enableSql = true),
    (className = "DeviceRevocations", uniqueKey = "forebay-device-revocations", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "state"),
);
