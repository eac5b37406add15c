import type {Aggregate, Aggregates} from '../../src/define/aggregate.ts';
import {count, max, mean, min, quantile, sum, uniques} from '../../src/define/index.ts';
import type {CaseAggregate} from './oracle-case.ts';
import type {CaseBody} from './case-views.ts';

const NUMERIC = {sum, min, max, avg: mean} as const;

/** What a case aggregates, in the words of a pipeline. */
export function aggregatesOf(specs: readonly CaseAggregate[]): Aggregates<CaseBody> {
  return Object.fromEntries(specs.map((spec) => [spec.name, aggregateOf(spec)]));
}

function aggregateOf(spec: CaseAggregate): Aggregate<CaseBody> {
  const {field} = spec;
  if (field === undefined || field === null) return count();
  if (spec.op === 'count')
    return count(({fields}) => fields[field] !== undefined && fields[field] !== null);
  if (spec.op === 'distinct') return uniques(({fields}) => distinctOf(fields[field]));
  const read = ({fields}: CaseBody) => numberOf(fields[field]);
  return spec.op === 'percentile' ? quantile(read, spec.p) : NUMERIC[spec.op](read);
}

/** Only JSON's numbers count. */
function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function distinctOf(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean);
}
