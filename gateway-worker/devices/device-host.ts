import type {Gateway} from '../gateway.ts';
import type {RequestScope} from '../request-scope.ts';
import type {ClientHomes} from './mqtt/client-homes.ts';

/** What an object gives the sockets that live in it. */
export interface DeviceHost {
  readonly gateway: Gateway;
  readonly homes: ClientHomes;
  /** Runs `work` as a request of its own: with the deadline of one. */
  readonly inScope: <T>(work: (scope: RequestScope) => Promise<T>) => Promise<T>;
  /** Of the object's memory. `false`: there is no room, and nothing was taken. */
  readonly takeBytes: (bytes: number) => boolean;
  readonly giveBytes: (bytes: number) => void;
  /** The socket may be silent for so long from now on. */
  readonly watch: (silenceMs: number) => Promise<void>;
}

/** The half of a protocol that runs in the object, one for each socket that is awake. */
export interface DeviceSession {
  /** Ends when all that came is answered. Never rejects. */
  receive(message: string | ArrayBuffer): Promise<void>;
  /** The connection is gone: what is not being stored yet never will be. */
  end(): void;
  /** Nothing came for too long. */
  timeOut(): void;
}
