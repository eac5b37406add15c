import type {Frame} from './proxy.ts';

/**
 * Connects the proxies of one cluster, as a transaction's coordinator and its partitions' leaders are different nodes: a
 * request held at one is let go when another sees that the next transaction of the same transactional id has begun.
 */
export interface TransactionBus {
  /** Resolves when `release` has run: inside the next transaction, after `maxMs`, or when `signal` fires. */
  hold(held: HeldRequest): Promise<void>;
  /** Every request passes here before its server sees it. */
  onRequest(frame: Frame): void;
  /** Every answer passes here before its client sees it, so that what is let go is inside the transaction for sure. */
  onAnswer(frame: Frame): Promise<void>;
}

interface HeldRequest {
  readonly frame: Frame;
  /** Resolves when the server has acted on it. */
  readonly release: () => Promise<void>;
  readonly maxMs: number;
  readonly signal: AbortSignal;
}

/** Their answer says that a transaction is open (KIP-98; KIP-890: since transaction.version 2 Produce alone opens it). */
const OPENS = new Set(['AddPartitionsToTxn', 'AddOffsetsToTxn', 'Produce']);
const CLOSES = new Set(['EndTxn', 'InitProducerId']);

interface Waiting {
  readonly transactionalId: string;
  /** Its own transaction has ended for its client: it is an end itself, or one came by. */
  hasEnded: boolean;
  /** A request that opens the next one is on its way. */
  isOpening: boolean;
  readonly let: () => Promise<void>;
}

export function transactionBus(): TransactionBus {
  const waiting = new Set<Waiting>();
  const of = (id: string | undefined): readonly Waiting[] =>
    waiting.size === 0 ? [] : [...waiting].filter((entry) => entry.transactionalId === id);
  return {
    hold({frame, release, maxMs, signal}) {
      return new Promise((resolve) => {
        const letGo = async (): Promise<void> => {
          if (!waiting.delete(entry)) return;
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          await release();
          resolve();
        };
        const onAbort = (): void => void letGo();
        const entry: Waiting = {
          transactionalId: frame.transactionalId ?? '',
          hasEnded: CLOSES.has(frame.name),
          isOpening: false,
          let: letGo,
        };
        const timer = setTimeout(onAbort, maxMs);
        waiting.add(entry);
        signal.addEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
      });
    },
    onRequest({name, transactionalId}) {
      for (const entry of of(transactionalId)) {
        if (CLOSES.has(name)) entry.hasEnded = true;
        else if (OPENS.has(name)) entry.isOpening = entry.hasEnded;
      }
    },
    async onAnswer({name, transactionalId}) {
      if (!OPENS.has(name)) return;
      const open = of(transactionalId).filter((entry) => entry.isOpening);
      await Promise.all(open.map((entry) => entry.let()));
    },
  };
}
