import {expect, test} from 'vitest';
import {ReplicaReport} from '../../../stream-processor/status/replica-report.ts';

const textOf = (records: number) =>
  `# HELP records_total Records\n# TYPE records_total counter\nrecords_total ${records}\n`;

test('a counter does not go down while a worker is too busy to answer', async () => {
  const answers = [
    [textOf(10), textOf(5)],
    [undefined, textOf(7)],
    [textOf(12), undefined],
  ];
  const report = new ReplicaReport({
    supervisor: {notReadyReason: null, note: null},
    pool: () => ({ask: async () => answers.shift() ?? []}),
    gauges: [],
    head: {replica: 'one', version: '1', pipeline: 'p'},
  });
  const totals: (string | undefined)[] = [];
  for (let scrape = 0; scrape < 4; scrape++)
    totals.push(/^records_total (\d+)$/m.exec(await report.metrics())?.[1]);
  expect(totals).toEqual(['15', '17', '19', '19']);
});
