import {ForebayError} from '../../lib/errors.ts';
import type {AnyInput, Input, Typed} from '../input.ts';
import type {CorrelateView} from '../view.ts';
import {viewHead, type RowObject, type ViewOptions} from './aggregate-options.ts';

/** Of a pattern: what an event fits is kept as bits of one number. */
export const MAX_STEPS = 30;

/** One event of a pattern. */
// oxlint-disable-next-line typescript/no-explicit-any -- a list of steps holds steps of any events
export interface Step<Name extends string = string, Event = any> extends Typed<Event> {
  readonly name: Name;
  readonly input: AnyInput;
  // oxlint-disable-next-line typescript/no-explicit-any -- checked where the step was made
  readonly where: ((event: any) => boolean) | undefined;
  readonly isNegated: boolean;
}

/**
 * An event to look for. `name` (letters, digits and `_`, from a letter on) is what `select` finds it under; `where` narrows
 * which events fit.
 */
export function step<const Name extends string, Event>(
  name: Name,
  input: Input<Event>,
  options: {readonly where?: (event: NoInfer<Event>) => boolean} = {},
): Step<Name, Event> {
  return {name, input: input as AnyInput, where: options.where, isNegated: false};
}

/**
 * The pattern matches only if there is no such event: in a sequence at the step's place, between two others or from the
 * last one until `withinMs` after the first; in any order from the first event's time until `withinMs` after it, both
 * inclusive. What has to be waited for is only sure, and dated, when that time is over.
 */
export function not<Name extends string, Event>(negated: Step<Name, Event>): Step<Name, undefined> {
  const {name, input, where} = negated;
  return {name, input, where, isNegated: true};
}

type EventOf<S> = S extends Step<string, infer Event> ? Event : never;
export type Matched<Steps extends readonly Step[]> = {
  readonly [S in Steps[number] as S['name']]: EventOf<S>;
};

export interface CorrelateOptions<
  Steps extends readonly Step[],
  Row extends RowObject,
> extends ViewOptions {
  /**
   * 1 to 30 steps, of events of one key; inputs must have the same key and as many partitions: `rekey` what has not. Of a key
   * 10,000 events are held at most: further ones are left out (`CORRELATE_KEY_FULL`), and counted.
   */
  readonly pattern: Steps;
  /** `sequence`, the default: one after another, others between them allowed. `any`: in whatever order. */
  readonly order?: 'sequence' | 'any';
  /** From the first event of a match to the last, inclusive; above 0. A negated step at the end is waited for as long. */
  readonly withinMs: number;
  /** How long events are waited for that come out of order, 0 or more; every match is as much later. What comes after is late. */
  readonly graceMs: number;
  /** Makes the row, a JSON object. Gets the events as JSON holds them: a `Date` is text; a negated step has none. */
  readonly select: (matched: Matched<Steps>) => Row;
}

/**
 * A pattern of events of one key within a time: login, then payment, no confirmation. Events are looked at in the order of
 * their times, when time has passed them and the grace. Each event that fits the first step (in any order: a step) begins
 * at most one match, which takes the earliest event for each step; an event may be in several matches that others began.
 * `start` and `end` of a row are the times of its first event and of when it was sure, `id` is the same in every replay.
 * @throws ForebayError `PIPELINE_INVALID` for a pattern without a step; all else is told by `definePipeline`.
 */
export function correlate<const Steps extends readonly Step[], Row extends RowObject>(
  options: CorrelateOptions<Steps, Row>,
): CorrelateView<Row> {
  const {pattern, order = 'sequence', withinMs, graceMs, select} = options;
  const [begin] = pattern;
  if (begin === undefined) {
    throw new ForebayError({
      code: 'PIPELINE_INVALID',
      message: `view "${options.name}": its pattern has no step`,
      hint: 'name the events to look for with step(…)',
    });
  }
  return {
    ...viewHead(options, begin.input),
    kind: 'correlate',
    emit: 'final',
    order,
    steps: pattern,
    withinMs,
    graceMs,
    select,
  };
}
