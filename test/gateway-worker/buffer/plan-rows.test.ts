/** Local storage takes rows the platform does not, so that only this says how large they are. */
import {expect, test} from 'vitest';
import {MAX_ROW_BYTES} from '../../../gateway-worker/buffer/append-protocol.ts';
import {encodeBatches} from '../../../gateway-worker/buffer/encode-batches.ts';
import {planRows} from '../../../gateway-worker/buffer/plan-rows.ts';
import {utf8} from '../../../src/lib/bytes.ts';

function request(count: number, hasIds: boolean) {
  const records = Array.from({length: count}, (_, n) => ({
    idHash: hasIds ? utf8(String(n).padStart(16, '0')) : null,
    record: {key: null, value: utf8('x'.repeat(80)), headers: []},
  }));
  return {batches: encodeBatches({receivedMs: 1, headers: []}, records)};
}

test.each([
  ['without ids', [false, false, false]],
  ['with ids', [true, true, true]],
  ['with ids and without', [false, true, false]],
])('a commit of many small records %s makes rows the platform takes', (_, kinds) => {
  const requests = kinds.map((hasIds, at) => request(at === 1 ? 10 : 15_000, hasIds));
  const {rows, nextSeq} = planRows(requests, {
    incarnation: 'one',
    nextSeq: 1,
    seed: Uint32Array.of(1, 2, 3, 4),
    seqOf: () => undefined,
  });
  const sizes = rows.map(({bytes, ids}) => bytes.byteLength + (ids?.byteLength ?? 0));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_ROW_BYTES);
  let seq = 1;
  for (const {firstSeq, count, ids} of rows) {
    expect(firstSeq).toBe(seq);
    expect(ids?.byteLength ?? count * 16).toBe(count * 16);
    seq += count;
  }
  expect(seq).toBe(nextSeq);
});
