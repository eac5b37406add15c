import type {ObjectAggregate} from '../../../src/define/aggregate.ts';

/** All values of a window in order: an aggregate whose state is an object and changes in place. */
export function sortedValues(): ObjectAggregate<{readonly value: number}, number[], string> {
  return {
    kind: 'object',
    op: 'sorted-values',
    layout: 'sorted-values',
    resultType: 'string',
    init: () => [],
    add: (state, {value}) => {
      state.push(value);
      return sort(state);
    },
    merge: (into, other) => {
      into.push(...other);
      return sort(into);
    },
    result: (state) => state.join(' '),
    copy: (state) => [...state],
    encode: (state) => new TextEncoder().encode(JSON.stringify(state)),
    decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as number[],
  };
}

function sort(state: number[]): number[] {
  return state.sort((a, b) => a - b);
}
