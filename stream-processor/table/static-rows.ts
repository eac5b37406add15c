import type {StaticTable} from '../../src/define/table.ts';
import type {TableReader} from './table-reader.ts';

export function staticRows({rows}: StaticTable): TableReader {
  return {rowOf: (key) => rows.get(key)};
}
