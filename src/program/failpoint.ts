/**
 * Named steps at which a test can end this process as `kill -9` would, for certain and not by chance:
 * `FOREBAY_FAILPOINT=before-trim:3` ends it when it comes to `before-trim` for the third time. Without the variable a
 * failpoint is a comparison of two strings.
 */
const [, armed = '', times = '1'] =
  /^(.*?)(?::(\d+))?$/.exec(process.env['FOREBAY_FAILPOINT'] ?? '') ?? [];
let left = Number(times);

export type Failpoint =
  | 'fence'
  | 'restore'
  | 'fetch'
  | 'before-transact'
  | 'after-transact'
  | 'before-trim'
  | 'after-trim'
  | TransactionFailpoint
  | ProcessorFailpoint;

/** Of any Kafka transaction: before each of its sends, and with all of them made, before its end. */
type TransactionFailpoint = 'transaction:begun' | 'transaction:produced';

/** In the order in which a task comes to them. */
type ProcessorFailpoint =
  | 'processor:fenced'
  | 'processor:marked'
  | 'processor:restore:load'
  | 'processor:restore:changelog'
  | 'processor:restored'
  | 'processor:commit:before'
  | 'processor:commit:after'
  | 'processor:commit:marked'
  | 'processor:checkpoint:begin'
  | 'processor:checkpoint:write'
  | 'processor:checkpoint:saved';

/** Does not return when it is the one. */
export function failpoint(step: Failpoint): void {
  if (step !== armed) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
