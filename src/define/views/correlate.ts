import type {AnyInput, Input, Typed} from '../input.ts';
import type {CorrelateView} from '../view.ts';
import {viewHead, type ViewOptions} from './aggregate-options.ts';

/** One event of a pattern. */
// oxlint-disable-next-line typescript/no-explicit-any -- a list of steps holds steps of any events
export interface Step<Name extends string = string, Event = any> extends Typed<Event> {
  readonly name: Name;
  readonly input: AnyInput;
  // oxlint-disable-next-line typescript/no-explicit-any -- checked where the step was made
  readonly where: ((event: any) => boolean) | undefined;
  readonly isNegated: boolean;
}

export function step<const Name extends string, Event>(
  name: Name,
  input: Input<Event>,
  options: {readonly where?: (event: NoInfer<Event>) => boolean} = {},
): Step<Name, Event> {
  return {name, input: input as AnyInput, where: options.where, isNegated: false};
}

/** The pattern matches only if there is no such event there: at its place of a sequence, or in the whole time. */
export function not<Name extends string, Event>(negated: Step<Name, Event>): Step<Name, undefined> {
  const {name, input, where} = negated;
  return {name, input, where, isNegated: true};
}

type EventOf<S> = S extends Step<string, infer Event> ? Event : never;
export type Matched<Steps extends readonly Step[]> = {
  readonly [S in Steps[number] as S['name']]: EventOf<S>;
};

export interface CorrelateOptions<Steps extends readonly Step[], Row> extends ViewOptions {
  /** All of one key; their inputs must have the same key and as many partitions: `rekey` what has not. */
  readonly pattern: Steps;
  /** `sequence`, the default: one after another, others between them allowed. `any`: in whatever order. */
  readonly order?: 'sequence' | 'any';
  /** From the first event of a match to the last; a negated step at the end is waited for as long. */
  readonly withinMs: number;
  readonly graceMs: number;
  readonly select: (matched: Matched<Steps>) => Row;
}

/**
 * A pattern of events of one key within a time: login, then payment, no confirmation. Events are looked at in the order of
 * their times, when the watermark has passed them. Each event that fits the first step begins at most one match, which
 * takes the earliest event for each step.
 */
export function correlate<const Steps extends readonly Step[], Row>(
  options: CorrelateOptions<Steps, Row>,
): CorrelateView<Row> {
  const {pattern, order = 'sequence', withinMs, graceMs, select} = options;
  return {
    ...viewHead(options, pattern[0]!.input),
    kind: 'correlate',
    emit: 'final',
    order,
    steps: pattern,
    withinMs,
    graceMs,
    select,
  };
}
