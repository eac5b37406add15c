import * as z from 'zod';
import {
  apiKey,
  defineStream,
  filter,
  hopping,
  join,
  session,
  tumbling,
} from '../../src/define/index.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {aggregatesOf} from './case-aggregates.ts';
import type {Fields, JoinCase, OracleCase, WindowCase} from './oracle-case.ts';

/** An event of a case as its view sees it. */
export interface CaseBody {
  /** Its place among the events. */
  readonly index: number;
  readonly type: string | null;
  readonly fields: Fields;
}

const events = defineStream({
  name: 'events',
  owner: 'oracle',
  schema: z.custom<CaseBody>(),
  key: () => '',
  partitions: 1,
  accept: [apiKey()],
});

export const ROOT = events.name;

/** What a case runs, as a pipeline would define it. */
export function viewOf(oracle: OracleCase): ViewDefinition {
  return oracle.type === 'join' ? joinOf(oracle) : windowOf(oracle);
}

function windowOf({window, emit, aggregates}: WindowCase): ViewDefinition {
  const options = {
    name: 'oracle',
    emit: emit === 'final' ? 'final' : 'updates',
    aggregates: aggregatesOf(aggregates),
  } as const;
  if (window.type === 'session') return session(events, {...options, ...window});
  return window.type === 'hopping'
    ? hopping(events, {...options, ...window})
    : tumbling(events, {...options, ...window});
}

function joinOf({join: type, leftType, rightType, beforeMs, afterMs, graceMs}: JoinCase) {
  return join(
    filter(events, (event) => event.type === leftType),
    filter(events, (event) => event.type === rightType),
    {
      name: 'oracle',
      type: type as 'outer',
      beforeMs,
      afterMs,
      graceMs,
      select: (left, right) => ({left: left?.index ?? null, right: right?.index ?? null}),
    },
  );
}
