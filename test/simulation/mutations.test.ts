/** The simulation and its checker can fail: each guard taken out of the product, in memory only, is missed by a run. */
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import type {Mutation} from './mutations/mutation.ts';
import {MUTATIONS} from './mutations/mutations.ts';
import {runSimulations} from './run-simulations.ts';

/** From the seed that found it on: a change elsewhere may move what a seed does. */
const SEEDS = 60;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function argsOf({seed, focus}: Mutation): readonly string[] {
  return [
    '--seeds',
    `${seed}..${seed + SEEDS}`,
    ...(focus?.kinds === undefined ? [] : ['--faults', focus.kinds.join(',')]),
    ...(focus?.refusedPart === undefined ? [] : ['--refused', String(focus.refusedPart)]),
  ];
}

test('every mutation finds the code it changes', () => {
  for (const {name, edits} of MUTATIONS)
    for (const {file, find} of edits) {
      const times = readFileSync(`${ROOT}${file}`, 'utf8').split(find).length - 1;
      expect(times, `${name}: ${file} has changed; find its guard again`).toBe(1);
    }
});

describe.each(['drain', 'buffer', 'processor'])('without a guard of the %s', (program) => {
  test.concurrent.each(MUTATIONS.filter(({name}) => name.startsWith(`${program}:`)))(
    'a run is wrong: $name',
    async (mutation) => {
      const {violations, failures} = await runSimulations({
        args: argsOf(mutation),
        mutation: mutation.name,
      });
      expect(failures, `no seed missed it: ${JSON.stringify(violations)}`).toBe(1);
      expect(mutation.expected.filter((invariant) => invariant in violations)).not.toEqual([]);
    },
  );
});
