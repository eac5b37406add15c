import type {OpenLink} from '../../drain-service/gateway-client.ts';
import {Welcome} from '../../src/protocol/drain.ts';
import type {ModelShard} from './model-gateway.ts';
import type {ServerSocket} from './web-socket-server.ts';

/** Links to model shards without a network; every message still takes a turn of the event loop. */
export function modelLinks(shardOf: (name: string) => ModelShard): OpenLink {
  return (shard, handlers) => {
    let isOpen = true;
    const later = (act: () => void): void => void setImmediate(() => isOpen && act());
    const end = (kind: 'failed' | 'superseded'): void =>
      later(() => {
        isOpen = false;
        socket.onClose();
        handlers.onEnd({kind, error: new Error(`the model ended the link: ${kind}`)});
      });
    const guarded = (act: () => void): void => {
      try {
        act();
      } catch {
        end('failed');
      }
    };
    const socket: ServerSocket = {
      onText: () => {},
      onClose: () => {},
      sendText: (text) =>
        later(() => guarded(() => handlers.onWelcome(Welcome.parse(JSON.parse(text))))),
      sendBinary: (bytes) => later(() => guarded(() => handlers.onFrame(bytes.slice()))),
      cutInside: () => end('failed'),
      close: () => end('superseded'),
      destroy: () => end('failed'),
    };
    later(() => shardOf(shard.name).accept(socket));
    return {
      send: (message) => later(() => socket.onText(JSON.stringify(message))),
      close: () => {
        isOpen = false;
        socket.onClose();
      },
    };
  };
}
