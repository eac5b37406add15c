import type {AnyInput, Input} from '../input.ts';
import type {JoinView} from '../view.ts';
import {viewHead, type RowObject, type ViewOptions} from './aggregate-options.ts';

/** What the sides of a join of each type may lack. */
interface Pairs<Left, Right> {
  readonly inner: readonly [Left, Right];
  readonly left: readonly [Left, Right | undefined];
  readonly outer: readonly [Left | undefined, Right | undefined];
}
type JoinType = JoinView['type'];

export interface JoinOptions<
  Left,
  Right,
  Type extends JoinType,
  Row extends RowObject,
> extends ViewOptions {
  /** `left`: a left event without a partner gives a row as well; `outer`: a right one, too. Default: `inner`. */
  readonly type?: Type;
  /** How far the two may lie apart, both ways, inclusive; 0 or more. Or give `beforeMs` and `afterMs`. */
  readonly withinMs?: number;
  /** How long before a left event a right one matches. Default: `withinMs`. */
  readonly beforeMs?: number;
  /** And how long after. Default: `withinMs`. */
  readonly afterMs?: number;
  /** How long after the end of its window an event still finds a partner. What comes later is late. */
  readonly graceMs: number;
  /** Of two events of a key, whether they belong together. Default: always. */
  readonly where?: (left: Left, right: Right) => boolean;
  /** Makes the row, a JSON object. Gets the events as JSON holds them: a `Date` is text. */
  readonly select: (...pair: Pairs<Left, Right>[Type]) => Row;
}

/**
 * Every pair of a left and a right event of one key that lie within a time, as soon as both are there. An event without a
 * partner gives its row when its window and the grace are over, and then has none any more. `start` and `end` of a row are
 * the earlier and the later time, `id` is the same in every replay. The sides' keys must be the same thing, with as many
 * partitions: `rekey` what is not. Other views can read the rows as events.
 */
export function join<Left, Right, Row extends RowObject, const Type extends JoinType = 'inner'>(
  left: Input<Left>,
  right: Input<Right>,
  options: JoinOptions<NoInfer<Left>, NoInfer<Right>, Type, Row>,
): JoinView<Row> {
  const {type = 'inner', withinMs, beforeMs, afterMs, graceMs, where, select} = options;
  return {
    ...viewHead(options, left as AnyInput),
    kind: 'join',
    left: left as AnyInput,
    right: right as AnyInput,
    emit: 'final',
    type,
    beforeMs: beforeMs ?? withinMs ?? Number.NaN,
    afterMs: afterMs ?? withinMs ?? Number.NaN,
    graceMs,
    where,
    select: select as (left: unknown, right: unknown) => Row,
  };
}
