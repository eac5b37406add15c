import type {Invariant} from '../../chaos/history/verdict.ts';
import type {Mutation} from './mutation.ts';

const DUPLICATE: readonly Invariant[] = ['duplicate'];
const LOSS: readonly Invariant[] = ['loss', 'hole'];
/** Nothing wrong gets into Kafka, but nothing more gets in either. */
const STUCK: readonly Invariant[] = ['progress'];

export const BUFFER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'buffer: an id that is known is a duplicate',
    edits: [
      {
        file: 'gateway-worker/buffer/plan-rows.ts',
        find: 'log.seqOf(id) ?? fresh.get(id)',
        replace: 'fresh.get(id)',
      },
    ],
    expected: DUPLICATE,
    seed: 2,
  },
  {
    name: 'buffer: ids are read back after a restart',
    edits: [
      {
        file: 'gateway-worker/buffer/seen-ids.ts',
        find: 'this.#hashes.add(entriesOf(row), {',
        replace: 'this.#hashes.add([], {',
      },
    ],
    expected: DUPLICATE,
    seed: 2,
    focus: {kinds: ['kill-object', 'lose-requests', 'hibernate-object']},
  },
  {
    name: 'buffer: an append is answered when it is durable',
    edits: [
      {
        file: 'gateway-worker/buffer/group-commit.ts',
        find: 'await this.#options.sync();',
        replace: 'this.#options.sync().catch(() => {});',
      },
    ],
    expected: ['loss', 'conservation'],
    seed: 13,
  },
  {
    name: 'buffer: an append that failed is not answered as stored',
    edits: [
      {
        file: 'gateway-worker/buffer/group-commit.ts',
        find: 'for (const {reject} of waiters) reject(error);\n      return;\n    }\n    try {',
        replace:
          "for (const {resolve} of waiters) resolve({kind: 'stored', incarnation: '', firstSeq: 1, duplicates: []});\n      return;\n    }\n    try {",
      },
    ],
    expected: ['loss'],
    seed: 27,
  },
  {
    name: 'buffer: a sync that failed is not answered as stored',
    edits: [
      {
        file: 'gateway-worker/buffer/group-commit.ts',
        find: 'for (const {reject} of waiters) reject(error);\n      this.#options.onBroken(error);\n      return;',
        replace: 'void error;',
      },
    ],
    expected: ['loss', 'conservation'],
    seed: 13,
  },
  {
    name: 'buffer: a seq is never used twice, however empty the log is',
    edits: [
      {
        file: 'gateway-worker/buffer/shard-log.ts',
        find: 'Math.max(meta.trimmed_seq, newest === undefined ? 0 : newest.first_seq + newest.count - 1)',
        replace: '(oldest === undefined ? 0 : newest.first_seq + newest.count - 1)',
      },
    ],
    expected: ['progress', 'loss', 'duplicate'],
    seed: 2,
  },
  {
    name: 'buffer: memory follows the transaction, not the other way round',
    edits: [
      {
        file: 'gateway-worker/buffer/shard-log.ts',
        find: 'let endBytes = this.#endBytes;\n',
        replace: 'let endBytes = this.#endBytes; this.#nextSeq = plan.nextSeq;\n',
      },
    ],
    expected: ['hole', 'duplicate', 'progress', 'conservation'],
    seed: 27,
  },
  {
    name: 'buffer: a trim ends where it was told to',
    edits: [
      {
        file: 'gateway-worker/drain-api/shard-socket.ts',
        find: 'while (this.#log.trimSome(seq))',
        replace: 'while (this.#log.trimSome(this.#log.nextSeq - 1))',
      },
    ],
    expected: LOSS,
    seed: 4,
  },
  {
    name: 'buffer: records leave without a gap',
    edits: [
      {
        file: 'gateway-worker/drain-api/shard-socket.ts',
        find: 'this.#log.read(cursor.sentSeq + 1,',
        replace: 'this.#log.read(cursor.sentSeq + 4,',
      },
    ],
    expected: [...LOSS, ...STUCK],
    seed: 1,
  },
];
