import type {DialectSource} from '../../src/define/source.ts';
import type {Gateway} from '../gateway.ts';
import type {CheckedStream} from '../validate/check-event.ts';

/** The stream that takes a dialect whose requests name none; `definePipeline` has checked that there is one at most. */
export function streamOfDialect(
  {streams}: Gateway,
  dialect: DialectSource['kind'],
): CheckedStream | undefined {
  return [...streams.values()].find(({definition}) =>
    definition.accept.some(({kind}) => kind === dialect),
  );
}
