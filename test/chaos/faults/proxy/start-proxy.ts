import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {httpFrames} from './http-frames.ts';
import {kafkaFrames} from './kafka-frames.ts';
import {runLane} from './lane.ts';
import {proxyRules, type ProxyRules} from './proxy-rules.ts';
import type {Protocol, Proxy, Splitter} from './proxy.ts';
import {transactionBus, type TransactionBus} from './transaction-bus.ts';

const HOST = '127.0.0.1';

export interface ProxyOptions {
  /** 0 takes any. */
  readonly listenPort: number;
  readonly targetPort: number;
  readonly protocol: Protocol;
  /** One for all proxies of a cluster. */
  readonly bus?: TransactionBus;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  cut(how: 'close' | 'reset'): void;
}

const SPLITTERS: Readonly<Record<Protocol, () => Splitter>> = {
  kafka: kafkaFrames,
  http: httpFrames,
  tcp: () => ({
    split: (_direction, bytes) => [{bytes, name: 'bytes'}],
    rest: () => Buffer.alloc(0),
  }),
};

/**
 * A TCP proxy that knows where requests and answers start and end, so that one of them can be lost, held or cut and
 * nothing else. It does nothing by itself: every fault is a rule or a shape that somebody sets.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const rules = proxyRules(options.bus ?? transactionBus());
  const connections = new Set<Connection>();
  let server = await listen(options.listenPort, accept);
  const {port} = server.address() as AddressInfo;

  function accept(client: Socket): void {
    const connection = relay({client, ...options, rules, onGone: () => forget()});
    const forget = (): void => void connections.delete(connection);
    connections.add(connection);
  }
  const cutAll = (how: 'close' | 'reset'): number => {
    const all = [...connections];
    for (const connection of all) connection.cut(how);
    return all.length;
  };
  return {
    port,
    get connections() {
      return connections.size;
    },
    applied: rules.applied,
    seen: (name, direction) => rules.seen(name, direction),
    shape: (change) => rules.change(change),
    addRule: (rule) => rules.add(rule),
    cut: () => cutAll('close'),
    reset: () => cutAll('reset'),
    async refuse(isRefusing) {
      if (isRefusing === !server.listening) return;
      if (isRefusing) server.close();
      else server = await listen(port, accept);
    },
    async close() {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      cutAll('close');
      await closed;
    },
  };
}

async function listen(port: number, onClient: (client: Socket) => void): Promise<Server> {
  const server = createServer({allowHalfOpen: true, noDelay: true}, onClient);
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

interface RelayOptions extends Pick<ProxyOptions, 'targetPort' | 'protocol'> {
  readonly client: Socket;
  readonly rules: ProxyRules;
  readonly onGone: () => void;
}

/** Joins a client with a connection of its own to the server. */
function relay({client, targetPort, protocol, rules, onGone}: RelayOptions): Connection {
  const server = connect({host: HOST, port: targetPort, allowHalfOpen: true, noDelay: true});
  const gone = new AbortController();
  const {signal} = gone;
  const cut = (how: 'close' | 'reset' = 'close'): void => {
    gone.abort();
    for (const socket of [client, server]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  };
  const onClose = (): void => {
    if (client.destroyed && server.destroyed) onGone();
    // Without a server nothing can arrive any more; without a client a held request still can.
    else if (server.destroyed) client.end();
  };
  for (const socket of [client, server]) {
    socket.on('error', () => socket.destroy());
    socket.on('close', onClose);
  }
  // A server that is not there: the client is cut, and not left waiting.
  server.on('error', () => client.destroy());
  const splitter = SPLITTERS[protocol]();
  runLane({direction: 'request', from: client, to: server, splitter, rules, cut, signal});
  runLane({direction: 'answer', from: server, to: client, splitter, rules, cut, signal});
  return {client, server, cut};
}
