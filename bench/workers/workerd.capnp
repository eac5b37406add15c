# What the gateway is measured against, on the same runtime. Ports are given on the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "noop", worker = (
      modules = [(name = "noop.js", esModule = embed "noop.js")],
      compatibilityDate = "2026-10-15",
    )),
    (name = "empty-call", worker = (
      modules = [(name = "empty-call.js", esModule = embed "empty-call.js")],
      compatibilityDate = "2026-10-15",
      bindings = [(name = "EMPTY", durableObjectNamespace = "Empty")],
      durableObjectNamespaces = [(className = "Empty", uniqueKey = "empty", enableSql = true)],
      durableObjectStorage = (inMemory = void),
    )),
    (name = "parse", worker = (
      modules = [(name = "parse.js", esModule = embed "parse.js")],
      compatibilityDate = "2026-10-15",
    )),
  ],
  sockets = [
    (name = "noop", address = "127.0.0.1:0", http = (), service = "noop"),
    (name = "empty-call", address = "127.0.0.1:0", http = (), service = "empty-call"),
    (name = "parse", address = "127.0.0.1:0", http = (), service = "parse"),
  ],
);
