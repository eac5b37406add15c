/**
 * A history: what the outside of Forebay saw in one run, one JSON object a line, appended as it happens. Whoever runs
 * real processes or simulated ones writes it; the checker reads nothing else. It knows senders, Kafka's readers and
 * faults, and no word of how Forebay works.
 *
 * Unknown is not failed: a request whose answer never came may have been stored, and counts either way.
 */

/** What every entry has. */
interface At {
  /** Milliseconds since the run began, monotonic (virtual in a simulation). */
  readonly at: number;
}

/** The first line. */
export interface RunEntry extends At {
  readonly type: 'run';
  readonly seed: number;
  /** The command that runs it again. */
  readonly command: string;
  readonly views: readonly ViewSpec[];
  /** Topics whose records are events that were sent, e.g. `readings`; prefix included. */
  readonly dataTopics: readonly string[];
  readonly deadLetterTopics: readonly string[];
  readonly rejectedTopics: readonly string[];
  readonly lateTopics: readonly string[];
}

export interface ViewHead {
  readonly name: string;
  readonly resultTopic: string;
  readonly lateTopic: string;
  /** What its rows are of: the key of a source record, or what follows the key's last dash (a view behind a `rekey`). */
  readonly by: 'key' | 'slot';
}

/** Rows have some of `count`, `sum`, `min` and `max` of `value.amount`, a whole number. */
interface AggregateHead extends ViewHead {
  readonly sourceTopic: string;
  /**
   * `final`: one result per row, when it closes. `updates`: a result per change as well, so that an open row's last result is
   * what it is now. `paced`: the same so often at most, so that an open row may be ahead of its results.
   */
  readonly emit: 'final' | 'updates' | 'paced';
}

/** Tumbling and hopping windows, by `value.time` (milliseconds). */
export interface WindowsSpec extends AggregateHead {
  readonly kind: 'windows';
  readonly sizeMs: number;
  /** Of tumbling windows the size. */
  readonly advanceMs: number;
  readonly graceMs: number;
}

export interface SessionsSpec extends AggregateHead {
  readonly kind: 'sessions';
  readonly gapMs: number;
  readonly graceMs: number;
}

/** For every event time `t` of a key the window `[t - sizeMs, t]`, both ends inclusive. */
export interface SlidingSpec extends AggregateHead {
  readonly kind: 'sliding';
  readonly sizeMs: number;
  readonly graceMs: number;
}

/** One row per key, of all its events. */
export interface RunningSpec extends AggregateHead {
  readonly kind: 'running';
}

/**
 * A row `{left, right}`, the two ids, for every two events of one key that are no further apart than `withinMs`. Its grace
 * is so long that no event is late: which are would depend on how fast each side is read.
 */
export interface PairsSpec extends ViewHead {
  readonly kind: 'pairs';
  readonly leftTopic: string;
  readonly rightTopic: string;
  readonly withinMs: number;
}

/** Amounts from `from` on and below `to`. */
export interface AmountRange {
  readonly from: number;
  readonly to: number;
}

/** An event fits a step by its amount. */
interface StepSpec {
  readonly name: string;
  readonly isNegated: boolean;
  readonly amounts: AmountRange;
}

/**
 * Per step that is not negated the id of its event, under the step's name. The first step is not negated and the last one
 * is: a match is waited for until `withinMs` after its first event.
 */
export interface MatchesSpec extends ViewHead {
  readonly kind: 'matches';
  readonly sourceTopic: string;
  readonly steps: readonly StepSpec[];
  readonly withinMs: number;
  readonly graceMs: number;
}

/** A row `{of}`, an event's id, for each event of some amounts. */
export interface SelectionSpec extends ViewHead {
  readonly kind: 'selection';
  readonly sourceTopic: string;
  readonly amounts: AmountRange;
}

/**
 * A row `{of, latest}` per event: its own id, and that of its key's latest event with one of the amounts that put a row
 * into a table, or null. Other amounts delete the table's row; both go by event time. An event is in the table before it
 * is looked up.
 */
export interface LatestSpec extends ViewHead {
  readonly kind: 'latest';
  readonly sourceTopic: string;
  readonly puts: AmountRange;
  readonly deletes: AmountRange;
}

/** A row `{of, count, sum, min, max}` per event: its id, and what the events of its key add up to so far, it included. */
export interface TotalsSoFarSpec extends ViewHead {
  readonly kind: 'totals-so-far';
  readonly sourceTopic: string;
}

export type AggregateSpec = WindowsSpec | SessionsSpec | SlidingSpec | RunningSpec;
/** Their rows are events: written once, with an id, and final. */
export type EventRowsSpec = PairsSpec | MatchesSpec | SelectionSpec | LatestSpec | TotalsSoFarSpec;
export type ViewSpec = AggregateSpec | EventRowsSpec;

/** An event as its sender knows it. `n` counts per key from 0, and a sender has one unanswered event per key at most. */
export interface SentEvent {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly n: number;
  /** Whether it fits the schema; an invalid one must never be in a data topic. */
  readonly isValid: boolean;
}

export type SendEntry = At & {
  readonly type: 'send';
  /** One HTTP request, frame or message; the same events sent again are a new request. */
  readonly request: number;
} & (
    | {readonly op: 'invoke'; readonly events: readonly SentEvent[]}
    /** Answered per event. `retry`: told that it is not stored. */
    | {
        readonly op: 'ok';
        readonly status: number;
        readonly outcomes: readonly {
          readonly id: string;
          readonly outcome: 'accepted' | 'duplicate' | 'rejected' | 'retry';
          /** `stream/partition` and seq, where the answer says them. */
          readonly shard?: string;
          readonly seq?: number;
        }[];
      }
    /** Answered, and nothing of it is stored. */
    | {readonly op: 'fail'; readonly status: number}
    /** No answer, or one that leaves it open. */
    | {readonly op: 'unknown'; readonly error: string}
  );

/** One record a read_committed reader was given. `final` is the reader of the last scan; all others read along. */
export interface ReadEntry extends At {
  readonly type: 'read';
  readonly reader: string;
  readonly topic: string;
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
  readonly key: string | null;
  /** `ce_id`; null where a topic's records have none. */
  readonly id: string | null;
  readonly shard: string | null;
  readonly incarnation: string | null;
  readonly seq: number | null;
  /** `forebay_previous_seq`: the record before this one in its shard's topic, where that is not seq - 1. */
  readonly previousSeq?: number;
  /** `forebay_final`, of a result: whether its row changes no more. */
  readonly isFinal?: boolean;
  /** Parsed JSON; null is a tombstone. Of a data topic: `{id, key, n, time, amount}`. */
  readonly value: unknown;
}

/** The final scan has read a partition to its stable end. */
export interface EndEntry extends At {
  readonly type: 'end';
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** What the buffer holds when all is quiet: must be nothing for the run to be judged as a whole. */
export interface BufferEntry extends At {
  readonly type: 'buffer';
  readonly shard: string;
  readonly incarnation?: string;
  readonly nextSeq: number;
  readonly records: number;
  readonly overflowed: number;
}

/** The position Kafka holds of a shard (the drain's progress topic), as a reader was given it. */
export interface ProgressEntry extends At {
  readonly type: 'progress';
  readonly reader: string;
  readonly shard: string;
  readonly incarnation: string;
  readonly seq: number;
}

/**
 * A transaction as its producer saw it. `records` name `topic/partition#id` or, without an id, `topic/partition#key`; only a
 * simulation writes them, where the model broker knows.
 */
export interface TransactionEntry extends At {
  readonly type: 'transaction';
  readonly producer: string;
  readonly transaction: number;
  readonly outcome: 'committed' | 'aborted' | 'unknown' | 'fenced';
  readonly records?: readonly string[];
}

/** A live query said this at the end of the run, and a fresh query that. Rows by name and in any order. */
export interface QueryEntry extends At {
  readonly type: 'query';
  readonly view: string;
  readonly source: 'live' | 'fresh';
  readonly rows: readonly unknown[];
}

/** A live query's mark: it must never go back for one subscription. */
export interface WatermarkEntry extends At {
  readonly type: 'watermark';
  readonly subscription: string;
  readonly watermark: number;
}

export interface FaultEntry extends At {
  readonly type: 'fault';
  readonly op: 'start' | 'stop';
  /** Counts up; `stop` names the same number. A fault in one moment, such as a kill, stops when what it hit is started again. */
  readonly fault: number;
  /** E.g. `kill-drain`, `lose-answer-kafka-link`. */
  readonly kind: string;
  readonly target: string;
  readonly detail?: string;
}

/** From the last sign of life of a part before a fault to the first one after. */
export interface RecoveryEntry extends At {
  readonly type: 'recovery';
  readonly part: 'gateway' | 'drain' | 'processor' | 'kafka';
  readonly fault: number;
  readonly ms: number;
}

/** For the reader. A text that begins with `progress:` says that something did not come to its end in time: a violation. */
export interface NoteEntry extends At {
  readonly type: 'note';
  readonly text: string;
}

export type HistoryEntry =
  | RunEntry
  | SendEntry
  | ReadEntry
  | EndEntry
  | BufferEntry
  | ProgressEntry
  | TransactionEntry
  | QueryEntry
  | WatermarkEntry
  | FaultEntry
  | RecoveryEntry
  | NoteEntry;
