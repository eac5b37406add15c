/**
 * What of a case's expected outcome our engine does not give. How much must be equal is the file's to say: `exact` all of it,
 * `values` all but after which event it came. Where Kafka Streams is no model (`quirk`) it is what the file recommends, and if
 * it recommends nothing the case is for information only.
 */
import {STANDARD_ERROR} from '../../src/define/aggregates/hyper-log-log.ts';
import {RELATIVE_ERROR} from '../../src/define/aggregates/dd-sketch.ts';
import type {Fields, OracleCase, Outcome} from './oracle-case.ts';

/** Of a case with no more events than this, estimated aggregates are exact. */
const EXACT_EVENTS = 256;
/** An estimate is further off than this three times in a thousand. */
const MAX_STANDARD_ERRORS = 3;
const ROUNDING = 1e-9;

export interface Comparison {
  readonly kind: 'compared' | 'informational' | 'nothing-expected';
  /** As sentences; empty if there are none. */
  readonly differences: readonly string[];
}

export function compareCase(oracle: OracleCase, found: Outcome): Comparison {
  const {comparable, expected, recommended} = oracle;
  if (expected === undefined) return {kind: 'nothing-expected', differences: []};
  const isQuirk = comparable === 'quirk';
  const wanted = isQuirk ? (recommended ?? expected) : expected;
  const isTimed = comparable === 'exact';
  const tolerances = oracle.type === 'window' ? tolerancesOf(oracle) : new Map<string, number>();
  return {
    kind: isQuirk && recommended === undefined ? 'informational' : 'compared',
    differences: [
      ...differences('result', found.results, wanted.results, {isTimed, tolerances}),
      ...differences('drop', found.dropped, wanted.dropped, {isTimed, tolerances: new Map()}),
    ],
  };
}

/** Relative errors that the estimated aggregates may have, by their names. */
function tolerancesOf({aggregates, events}: OracleCase & {type: 'window'}): Map<string, number> {
  if (events.length <= EXACT_EVENTS) return new Map();
  return new Map(
    aggregates.flatMap(({name, op}) => {
      if (op === 'distinct') return [[name, MAX_STANDARD_ERRORS * STANDARD_ERROR] as const];
      return op === 'percentile' ? [[name, RELATIVE_ERROR + ROUNDING] as const] : [];
    }),
  );
}

interface Rules {
  /** Whether `after` must be equal, too. */
  readonly isTimed: boolean;
  readonly tolerances: ReadonlyMap<string, number>;
}

/** Both lists are taken as multisets. */
function differences(
  what: string,
  found: readonly Fields[],
  wanted: readonly Fields[],
  rules: Rules,
): readonly string[] {
  const left = Map.groupBy(found, (fields) => exactPart(fields, rules));
  const missing: Fields[] = [];
  for (const fields of wanted) {
    const candidates = left.get(exactPart(fields, rules)) ?? [];
    const at = candidates.findIndex((candidate) => isNear(candidate, fields, rules.tolerances));
    if (at === -1) missing.push(fields);
    else candidates.splice(at, 1);
  }
  const extra = [...left.values()].flat();
  return [
    ...missing.map((fields) => `missing ${what} ${JSON.stringify(fields)}`),
    ...extra.map((fields) => `unexpected ${what} ${JSON.stringify(fields)}`),
  ];
}

/** The fields that must be equal, in the order of their names. */
function exactPart(fields: Fields, {isTimed, tolerances}: Rules): string {
  return JSON.stringify(
    Object.entries(fields)
      .filter(([name]) => !tolerances.has(name) && (isTimed || name !== 'after'))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function isNear(found: Fields, wanted: Fields, tolerances: Rules['tolerances']): boolean {
  for (const [name, tolerance] of tolerances) {
    const [a, b] = [found[name] ?? null, wanted[name] ?? null];
    if (typeof a !== 'number' || typeof b !== 'number') {
      if (a !== b) return false;
    } else if (Math.abs(a - b) > tolerance * Math.abs(b)) return false;
  }
  return true;
}
