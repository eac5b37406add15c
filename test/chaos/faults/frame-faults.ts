import {between} from '../../support/seeded-random.ts';
import type {ChaosSystem} from './chaos-system.ts';
import type {FaultMaker} from './fault.ts';
import {linkFault, type Link} from './link-fault.ts';
import {pick} from './pick.ts';
import type {Action, Direction} from './proxy/proxy.ts';

/** A rule that has not hit by then is taken away again. */
const RULE_MS = [3_000, 8_000] as const;
const HOLD_MS = [500, 8_000] as const;
/** Beyond this a held request arrives outside any transaction, which is a fault as well. */
const MAX_HOLD_MS = 20_000;
const MAX_TIMES = 3;
const MAX_SKIP = 40;

/** Which frames are worth losing; what is there twice is drawn twice as often. */
const KAFKA_APIS = [
  'EndTxn',
  'EndTxn',
  'Produce',
  'Produce',
  'InitProducerId',
  'AddPartitionsToTxn',
  'TxnOffsetCommit',
  'FindCoordinator',
  'Fetch',
  'Metadata',
  'JoinGroup',
  'SyncGroup',
  'Heartbeat',
  'OffsetCommit',
] as const;
const DRAIN_MESSAGES = ['read', 'credit', 'trim', 'trim', 'upgrade'] as const;
const SHARD_MESSAGES = ['welcome', 'binary', 'binary', 'upgrade'] as const;

interface FrameFault {
  readonly verb: string;
  readonly direction: Direction;
  readonly names: readonly string[];
  /** Draws the action for a hold of so many milliseconds. */
  readonly action: (holdMs: number) => Action;
}

const drop = (): Action => ({kind: 'drop'});
const tear = (): Action => ({kind: 'half'});
const cutAfter = (): Action => ({kind: 'cutAfter'});
const hang = (): Action => ({kind: 'hang'});
const hold = (ms: number): Action => ({kind: 'hold', ms});
const holdIntoNext = (): Action => ({kind: 'holdIntoNextTransaction', maxMs: MAX_HOLD_MS});

/** What happens to one request, answer or message that the proxy knows by name. */
export function frameFaults(system: ChaosSystem): readonly FaultMaker[] {
  const {kafkaProxies, drainProxy, senderProxy} = system;
  const kafka: Link = {part: 'kafka-link', name: 'kafka-link', proxies: kafkaProxies};
  const held = {direction: 'request', action: holdIntoNext} as const;
  return [
    ...(kafkaProxies.length === 0
      ? []
      : [
          ...both(KAFKA_APIS, KAFKA_APIS).map((fault) => frameFault(kafka, fault)),
          frameFault(kafka, {...held, verb: 'hold-end-into-next-transaction', names: ['EndTxn']}),
          frameFault(kafka, {...held, verb: 'hold-send-into-next-transaction', names: ['Produce']}),
        ]),
    ...(drainProxy === undefined
      ? []
      : both(DRAIN_MESSAGES, SHARD_MESSAGES).map((fault) =>
          frameFault({part: 'gateway-link', name: 'drain-link', proxies: [drainProxy]}, fault),
        )),
    ...(senderProxy === undefined
      ? []
      : both(['POST'], ['POST']).map((fault) =>
          frameFault({part: 'gateway-link', name: 'sender-link', proxies: [senderProxy]}, fault),
        )),
  ];
}

function both(requests: readonly string[], answers: readonly string[]): readonly FrameFault[] {
  const request = {direction: 'request', names: requests} as const;
  const answer = {direction: 'answer', names: answers} as const;
  return [
    {...request, verb: 'lose-request', action: drop},
    {...request, verb: 'tear-request', action: tear},
    {...request, verb: 'cut-after-request', action: cutAfter},
    {...request, verb: 'hold-request', action: hold},
    {...answer, verb: 'lose-answer', action: drop},
    {...answer, verb: 'tear-answer', action: tear},
    {...answer, verb: 'hold-answer', action: hold},
    {...answer, verb: 'hang-answer', action: hang},
  ];
}

function frameFault(link: Link, {verb, direction, names, action}: FrameFault): FaultMaker {
  return linkFault(link, verb, (random) => {
    const name = pick(random, names);
    const holdMs = between(random, ...HOLD_MS);
    const drawn = action(holdMs);
    const times = drawn.kind.startsWith('hold') ? 1 : between(random, 1, MAX_TIMES);
    const skip = between(random, 0, 1) * between(random, 0, MAX_SKIP);
    // One rule for all proxies of the link: its count is over all of them.
    const rule = {direction, name, action: drawn, skip, times};
    const held = drawn.kind === 'hold' ? ` for ${drawn.ms} ms` : '';
    return {
      detail: `${name}${held}, ${times} times after ${skip}`,
      durationMs: between(random, ...RULE_MS),
      hitsAll: true,
      begin: (proxy) => proxy.addRule(rule),
    };
  });
}
