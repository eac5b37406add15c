import {parseArgs} from 'node:util';
import {readSchedule, type ScheduledFault} from './schedule/schedule.ts';

export const USAGE =
  'usage: npm run chaos -- [--seed N] [--minutes M] [--rate EVENTS_PER_S] [--client platformatic|kafkajs] [--only KIND,KIND] [--schedule FILE] [--shrink NAME] [--keep] [--json]';

const DEFAULT_MINUTES = 5;
const DEFAULT_RATE = 150;
const MAX_SEED = 1_000_000_000;

export interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly client: 'platformatic' | 'kafkajs';
  readonly only: ReadonlySet<string> | undefined;
  readonly faults: readonly ScheduledFault[] | undefined;
  /** Name of the regression that the smallest failing schedule is written to. */
  readonly shrink: string | undefined;
  readonly isKept: boolean;
  readonly isJson: boolean;
  /** What runs it again. */
  readonly command: string;
}

/** What is wrong with them, as a sentence, or the options. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const {values} = parseArgs({
      args: [...args],
      options: {
        seed: {type: 'string'},
        minutes: {type: 'string'},
        rate: {type: 'string'},
        client: {type: 'string'},
        only: {type: 'string'},
        schedule: {type: 'string'},
        shrink: {type: 'string'},
        keep: {type: 'boolean'},
        json: {type: 'boolean'},
      },
    });
    const kept = values.schedule === undefined ? undefined : readSchedule(values.schedule);
    const seed = number(values.seed, kept?.seed ?? Math.floor(Math.random() * MAX_SEED));
    const minutes = number(values.minutes, kept?.minutes ?? DEFAULT_MINUTES);
    const rate = number(values.rate, kept?.rate ?? DEFAULT_RATE);
    const client = values.client ?? kept?.client ?? 'platformatic';
    if (client !== 'platformatic' && client !== 'kafkajs') throw new Error(`no client ${client}`);
    return {
      seed,
      minutes,
      rate,
      client,
      only: values.only === undefined ? undefined : new Set(values.only.split(',')),
      faults: kept?.faults,
      shrink: values.shrink,
      isKept: values.keep ?? false,
      isJson: values.json ?? false,
      command: commandOf(args, {seed, minutes}),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** With the seed in it, also when it was drawn. */
function commandOf(args: readonly string[], drawn: {seed: number; minutes: number}): string {
  const given = args.includes('--seed') ? args : [`--seed ${drawn.seed}`, ...args];
  const all = args.includes('--minutes') ? given : [...given, `--minutes ${drawn.minutes}`];
  return `npm run chaos -- ${all.filter((each) => each !== '--keep' && each !== '--json').join(' ')}`;
}

function number(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value >= 0)) throw new Error(`${text} is no number`);
  return value;
}
