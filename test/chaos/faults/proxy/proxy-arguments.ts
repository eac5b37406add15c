import {parseArgs} from 'node:util';
import {ForebayError} from '../../../../src/lib/errors.ts';
import {KAFKA_APIS} from './kafka-apis.ts';
import type {Action, Direction, Protocol, Rule, Shape} from './proxy.ts';

export interface ProxyArguments {
  readonly listenPort: number;
  readonly targetPort: number;
  readonly protocol: Protocol;
  readonly rules: readonly Rule[];
  readonly shape: Partial<Shape>;
  /** 0 is never. */
  readonly cutEveryMs: number;
  readonly resetEveryMs: number;
  /** Draws faults of the catalogue instead, one after another. */
  readonly seed: number | undefined;
}

export const PROXY_USAGE = `node test/chaos/proxy.ts --listen PORT --to PORT [--protocol kafka|http|tcp] …

what happens to requests and answers of a name (EndTxn, Produce …; trim, credit, binary …; POST …; * is any):
  --drop NAME              the connection is cut before the request arrives
  --lose-answer NAME       the request arrives, its answer does not
  --tear NAME              half of the request arrives
  --cut-after NAME         the request arrives, then the connection is cut
  --hang NAME              its answer, and all behind it, never comes
  --hold NAME:MS           the request arrives late, also when its client has gone
  --hold-answer NAME:MS
  --hold-into-next NAME    the request arrives inside the next transaction of its transactional id (Kafka)
  --skip N, --times N      lets N pass first (0), then hits N (all); for every name above
what happens to every connection:
  --latency MS  --throttle BYTES_PER_SECOND  --slice BYTES  --block request|answer
  --cut-every MS  --reset-every MS
or anything of this, one after another:
  --seed N`;

const RULES: Readonly<Record<string, readonly [Direction, (ms: number) => Action]>> = {
  drop: ['request', () => ({kind: 'drop'})],
  'lose-answer': ['answer', () => ({kind: 'drop'})],
  tear: ['request', () => ({kind: 'half'})],
  'cut-after': ['request', () => ({kind: 'cutAfter'})],
  hang: ['answer', () => ({kind: 'hang'})],
  hold: ['request', (ms) => ({kind: 'hold', ms})],
  'hold-answer': ['answer', (ms) => ({kind: 'hold', ms})],
  'hold-into-next': ['request', () => ({kind: 'holdIntoNextTransaction', maxMs: MAX_HOLD_MS})],
};
/** A request held into the next transaction arrives by then in any case. */
const MAX_HOLD_MS = 60_000;

const text = {type: 'string'} as const;
const many = {type: 'string', multiple: true, default: [] as string[]} as const;
const NUMBERS = ['latency', 'throttle', 'slice', 'skip', 'times', 'cut-every', 'reset-every'];

/** @throws ForebayError `PROXY_ARGUMENTS` with the usage as hint */
export function proxyArguments(args: readonly string[]): ProxyArguments {
  const {values} = parse(args);
  const number = (name: string): number | undefined => {
    const value = values[name];
    if (value === undefined) return undefined;
    const parsed = Number(value);
    if (!Number.isInteger(parsed) || parsed < 0) throw wrong(`--${name} is a whole number`);
    return parsed;
  };
  const required = (name: string): number => {
    const value = number(name);
    if (value === undefined) throw wrong(`--${name} is missing`);
    return value;
  };
  const protocol = values['protocol'] ?? 'kafka';
  if (!isProtocol(protocol)) throw wrong('--protocol is kafka, http or tcp');
  const [skip, times] = [number('skip') ?? 0, number('times') ?? Infinity];
  const rules = Object.entries(RULES).flatMap(([flag, [direction, action]]) =>
    (values[flag] as readonly string[]).map((given): Rule => {
      const [name = '', ms] = given.split(':');
      if (protocol === 'kafka' && name !== '*' && !(name in KAFKA_APIS)) {
        throw wrong(`${name} is none of ${Object.keys(KAFKA_APIS).join(', ')}`);
      }
      return {direction, name, action: action(Number(ms ?? 0)), skip, times};
    }),
  );
  const block = values['block'];
  if (block !== undefined && block !== 'request' && block !== 'answer') {
    throw wrong('--block is request or answer');
  }
  return {
    listenPort: required('listen'),
    targetPort: required('to'),
    protocol,
    rules,
    shape: {
      latencyMs: number('latency') ?? 0,
      bytesPerSecond: number('throttle') ?? 0,
      sliceBytes: number('slice') ?? 0,
      blocked: block === undefined ? [] : [block],
    },
    cutEveryMs: number('cut-every') ?? 0,
    resetEveryMs: number('reset-every') ?? 0,
    seed: number('seed'),
  };
}

function parse(args: readonly string[]): {
  readonly values: Readonly<Record<string, string | readonly string[] | boolean | undefined>>;
} {
  const single = ['listen', 'to', 'protocol', 'block', 'seed', ...NUMBERS];
  const options = {
    ...Object.fromEntries(single.map((name) => [name, text])),
    ...Object.fromEntries(Object.keys(RULES).map((name) => [name, many])),
  };
  try {
    return parseArgs({args: [...args], options});
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

function isProtocol(value: unknown): value is Protocol {
  return value === 'kafka' || value === 'http' || value === 'tcp';
}

function wrong(message: string): ForebayError {
  return new ForebayError({code: 'PROXY_ARGUMENTS', message, hint: PROXY_USAGE});
}
