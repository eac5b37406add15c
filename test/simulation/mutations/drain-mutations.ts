import type {Invariant} from '../../chaos/history/verdict.ts';
import type {Mutation} from './mutation.ts';

const DUPLICATE: readonly Invariant[] = ['duplicate'];
const LOSS: readonly Invariant[] = ['loss', 'hole'];
/** Nothing wrong gets into Kafka, but nothing more gets in either. */
const STUCK: readonly Invariant[] = ['progress'];

export const DRAIN_MUTATIONS: readonly Mutation[] = [
  {
    name: 'drain: positions are read up to the mark',
    edits: [
      {
        file: 'drain-service/restore-progress.ts',
        find: 'isComplete ||= records.some((record) => isRestoreMark(record, mark));',
        replace: 'isComplete = true;',
      },
    ],
    expected: DUPLICATE,
    seed: 7,
  },
  {
    name: 'drain: positions are read at all',
    edits: [
      {
        file: 'drain-service/drain-task.ts',
        find: 'restoring: () => this.#restore(),',
        replace: "restoring: async () => 'restored',",
      },
    ],
    expected: DUPLICATE,
    seed: 7,
  },
  {
    name: 'drain: a shard trims only what is committed',
    edits: [
      {
        file: 'drain-service/shard-drain.ts',
        find: 'this.#taken = progress;',
        replace: "this.#taken = progress; this.#link?.send({type: 'trim', ...progress});",
      },
    ],
    expected: LOSS,
    seed: 1,
  },
  {
    name: 'drain: what is taken is not yet committed',
    edits: [
      {
        file: 'drain-service/shard-drain.ts',
        find: 'this.#committed = position;',
        replace: 'this.#committed = this.#taken;',
      },
    ],
    expected: LOSS,
    seed: 16,
  },
  {
    name: 'drain: a producer is not used after an unknown outcome',
    edits: [
      {
        file: 'drain-service/commit-batch.ts',
        find: "case 'unknown':\n        return {kind: 'failed', error: outcome.error};",
        replace: "case 'unknown':\n        break;",
      },
    ],
    expected: DUPLICATE,
    seed: 3,
  },
  {
    name: 'drain: an unknown outcome is no commit',
    edits: [
      {
        file: 'drain-service/commit-batch.ts',
        find: "case 'unknown':\n        return {kind: 'failed', error: outcome.error};",
        replace: "case 'unknown':\n        return {kind: 'committed'};",
      },
      {
        file: 'drain-service/drain-session.ts',
        find: "if (outcome.kind === 'committed') {",
        replace: "if (outcome.kind === 'committed' || outcome.kind === 'unknown') {",
      },
    ],
    expected: LOSS,
    seed: 6,
  },
  {
    name: 'drain: an aborted transaction is no commit',
    edits: [
      {
        file: 'drain-service/commit-batch.ts',
        find: "case 'aborted':\n",
        replace: "case 'aborted': return {kind: 'committed'};\n",
      },
      {
        file: 'drain-service/drain-session.ts',
        find: "if (outcome.kind === 'committed') {",
        replace: "if (outcome.kind === 'committed' || outcome.kind === 'aborted') {",
      },
    ],
    expected: LOSS,
    seed: 2,
  },
  {
    name: 'drain: positions are in the transaction of their records',
    edits: [
      {
        file: 'drain-service/transaction-batch.ts',
        find: 'records.push({topic, partition, key: utf8(shard)',
        replace: 'void ({topic, partition, key: utf8(shard)',
      },
    ],
    expected: ['duplicate', 'hole'],
    seed: 3,
  },
  {
    name: 'drain: a frame that would leave a hole is not taken',
    edits: [
      {
        file: 'drain-service/shard-drain.ts',
        find: 'if (frame.firstSeq > received + 1)',
        replace: 'if (frame.firstSeq < 0)',
      },
    ],
    expected: LOSS,
    seed: 36,
  },
  {
    name: 'drain: a frame that came before is not taken again',
    edits: [
      {
        file: 'drain-service/shard-drain.ts',
        find: 'if (lastSeq <= received) {',
        replace: 'if (lastSeq < 0) {',
      },
      {
        file: 'drain-service/frame-records.ts',
        find: 'Math.max(0, afterSeq + 1 - frame.firstSeq)',
        replace: '0',
      },
    ],
    expected: ['duplicate', 'order'],
    seed: 33,
  },
  {
    name: 'drain: records of a row that are in Kafka already are left out',
    edits: [
      {
        file: 'drain-service/frame-records.ts',
        find: 'Math.max(0, afterSeq + 1 - frame.firstSeq)',
        replace: '0',
      },
    ],
    expected: ['duplicate'],
    seed: 6,
    focus: {kinds: ['kill-drain', 'kafka-loses'], refusedPart: 0.2},
  },
  {
    name: 'drain: another incarnation is read from its start',
    edits: [
      {
        file: 'drain-service/start-position.ts',
        find: 'last !== null && last.incarnation !== incarnation',
        replace: 'last !== null && last.incarnation === null',
      },
    ],
    expected: [...LOSS, ...STUCK],
    seed: 7,
  },
];
