import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {frameRecords} from '../../drain-service/frame-records.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {encodeBatch} from '../../src/record/codec.ts';
import {concatBytes} from '../../src/lib/bytes.ts';

const TARGET = {topic: 't', partition: 0, headers: []};

test('a frame taken in turns is the same records as taken at once', () => {
  const counts = fc.array(fc.integer({min: 1, max: 9}), {minLength: 1, maxLength: 6});
  fc.assert(
    fc.property(counts, fc.integer({min: 1, max: 12}), fc.nat(8), (rows, limit, skipped) => {
      const bytes = concatBytes(
        rows.map((count, row) =>
          encodeBatch(
            {receivedMs: row, headers: [['ce_source', `s${row}`]]},
            Array.from({length: count}, (_, n) => ({
              key: `k${n}`,
              value: utf8(`${row}.${n}`),
              headers: [],
            })),
          ),
        ),
      );
      const frame = {firstSeq: 5, count: rows.reduce((sum, count) => sum + count, 0), bytes};
      const whole = frameRecords(
        frame,
        {afterSeq: 4 + skipped, limit: Number.POSITIVE_INFINITY},
        TARGET,
      );
      const turns = [];
      for (let afterSeq = 4 + skipped; afterSeq < 4 + frame.count;) {
        const turn = frameRecords(frame, {afterSeq, limit}, TARGET);
        expect(turn.length).toBeLessThanOrEqual(limit);
        turns.push(...turn);
        afterSeq += turn.length;
      }
      expect(turns).toEqual(whole);
      expect(whole.length).toBe(Math.max(0, frame.count - skipped));
    }),
  );
});
