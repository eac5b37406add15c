/**
 * The product's own buffer, drain and processor in virtual time, under schedules of faults that no real run could be made
 * to have, judged like a real run. A seed that fails here is had again with `node test/simulation/run.ts --seeds N`, which
 * also says which faults it takes; the line it prints belongs into regressions.json.
 */
import {expect, test} from 'vitest';
import {runSimulations} from './run-simulations.ts';

/** Two processes, one for each core a build machine has. */
const RANGES = ['1..120', '121..240'];

test('schedules that once failed do not fail again', async () => {
  const {failedSeeds, runs} = await runSimulations({
    args: ['--regressions', '--stop-after', '100'],
  });
  expect(failedSeeds).toEqual([]);
  expect(runs).toBeGreaterThan(0);
});

test('under hundreds of schedules of faults nothing is lost, doubled, out of order or counted wrong', async () => {
  const all = await Promise.all(
    RANGES.map((seeds) => runSimulations({args: ['--seeds', seeds, '--stop-after', '10']})),
  );
  expect(all.flatMap(({failedSeeds}) => failedSeeds)).toEqual([]);
  expect(all.reduce((runs, each) => runs + each.runs, 0)).toBe(240);
});

test('the same seed is the same run, whatever ran before it', async () => {
  const [fresh, later] = await Promise.all([
    runSimulations({args: ['--seeds', '6..9']}),
    runSimulations({args: ['--seeds', '1..9']}),
  ]);
  expect(fresh.digests).toHaveLength(4);
  expect(later.digests.slice(-4)).toEqual(fresh.digests);
});
