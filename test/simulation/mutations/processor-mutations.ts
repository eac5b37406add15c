import type {Invariant} from '../../chaos/history/verdict.ts';
import type {Mutation} from './mutation.ts';

const AGGREGATE: readonly Invariant[] = ['aggregate'];

export const PROCESSOR_MUTATIONS: readonly Mutation[] = [
  {
    name: 'processor: the changelog is read up to the mark',
    edits: [
      {
        file: 'stream-processor/restore/replay.ts',
        find: ': records.some((record) => isRestoreMark(record, until));',
        replace: ': true;',
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 41,
  },
  {
    name: 'processor: the position is in the commit it describes',
    edits: [
      {
        file: 'stream-processor/task/commit.ts',
        find: '...changelog, positionRecord]',
        replace: '...changelog]',
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 1,
  },
  {
    name: 'processor: late records are in the commit that counts them',
    edits: [
      {
        file: 'stream-processor/task/commit.ts',
        find: '...results, ...late, ',
        replace: '...results, ',
      },
    ],
    expected: ['late'],
    seed: 2,
  },
  {
    name: 'processor: an aborted commit is none',
    edits: [
      {
        file: 'stream-processor/task/send-commit.ts',
        find: "if (outcome.kind !== 'aborted' || aborts >= MAX_ABORTS) return outcome;",
        replace: "return outcome.kind === 'aborted' ? {kind: 'committed'} : outcome;",
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 4,
  },
  {
    name: 'processor: an unknown outcome is no commit',
    edits: [
      {
        file: 'stream-processor/task/commit-loop.ts',
        find: "if (outcome.kind !== 'committed') {",
        replace: "if (outcome.kind === 'fenced' || outcome.kind === 'aborted') {",
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 18,
  },
  {
    name: 'processor: a producer is not used after an unknown outcome',
    edits: [
      {
        file: 'stream-processor/task/send-commit.ts',
        find: "if (outcome.kind !== 'aborted' || aborts >= MAX_ABORTS) return outcome;",
        replace:
          "if (outcome.kind === 'committed' || outcome.kind === 'fenced' || aborts >= MAX_ABORTS) return outcome;",
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 18,
    focus: {kinds: ['hold-frame', 'kafka-loses']},
  },
  {
    name: 'processor: a checkpoint has committed state only',
    edits: [
      {
        file: 'stream-processor/task/commit-loop.ts',
        find: 'await checkpointer.step();\n        if',
        replace: 'if',
      },
      {
        file: 'stream-processor/task/commit-loop.ts',
        find: 'if (!isWanted) continue;',
        replace: 'if (!isWanted) continue;\n      await checkpointer.step();',
      },
      {
        file: 'stream-processor/task/checkpointer.ts',
        find: 'if (processor.hasUncommitted()) return;\n    if (this.#round',
        replace: 'if (this.#round',
      },
      {
        // A round that lasts for several commits.
        file: 'stream-processor/task/checkpointer.ts',
        find: 'const STEPS_AT_ONCE = 100;',
        replace: 'const STEPS_AT_ONCE = 1;',
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 415,
    focus: {kinds: ['kill-processor', 'kafka-loses']},
  },
  {
    name: 'processor: the changelog is read behind the checkpoint',
    edits: [
      {
        file: 'stream-processor/restore/restore-partition.ts',
        find: 'await changelog((record) => builder.takeChange(record));',
        replace:
          'await changelog((record) => { if (record.key.byteLength === 2) builder.takeChange(record); });',
      },
    ],
    expected: AGGREGATE,
    seed: 1,
  },
  {
    name: 'processor: a checkpoint is begun by the owner only',
    edits: [
      {
        file: 'stream-processor/task/checkpointer.ts',
        find: 'if (!(await this.#options.confirmOwnership())) return undefined;',
        replace: '',
      },
    ],
    expected: ['aggregate', 'late'],
    seed: 102,
    focus: {kinds: ['pause-processor', 'second-processor']},
  },
  {
    name: 'processor: a clock that is set back holds up no commit',
    edits: [
      {
        file: 'stream-processor/task/commit-loop.ts',
        find: 'waitMs > COMMIT_INTERVAL_MS ? 0 :',
        replace: '',
      },
    ],
    expected: ['progress'],
    seed: 1,
    focus: {kinds: ['step-clock']},
  },
];
