import type {AnyInput, RekeyInput, RowsInput} from './input.ts';
import type {AnyStream} from './stream.ts';
import type {AnyTable, LatestTable, StaticTable} from './table.ts';
import {inputsOf, isEventView, type AnyEventView, type ViewDefinition} from './view.ts';

/** All that views are made of, each once. */
export interface Reach {
  /** The views themselves first, then what they read. */
  readonly views: ReadonlySet<ViewDefinition>;
  readonly streams: ReadonlySet<AnyStream>;
  readonly rekeys: ReadonlySet<RekeyInput>;
  readonly tables: ReadonlySet<LatestTable>;
  readonly staticTables: ReadonlySet<StaticTable>;
}

export function reachOf(published: readonly ViewDefinition[]): Reach {
  const views = new Set(published);
  const streams = new Set<AnyStream>();
  const rekeys = new Set<RekeyInput>();
  const tables = new Set<LatestTable>();
  const staticTables = new Set<StaticTable>();
  const visit = (input: AnyInput): void => {
    if (isViewInput(input)) views.add(viewRead(input));
    else if (input.kind === 'stream') streams.add(input);
    else {
      if (input.kind === 'rekey') rekeys.add(input);
      if (input.kind === 'enrich') visitTable(input.table);
      visit(input.from);
    }
  };
  const visitTable = (table: AnyTable): void => {
    if (table.kind === 'static') staticTables.add(table);
    else if (table.kind === 'view') views.add(table.view);
    else {
      tables.add(table);
      visit(table.from);
    }
  };
  // Also over those that are added meanwhile.
  for (const view of views) inputsOf(view).forEach(visit);
  return {views, streams, rekeys, tables, staticTables};
}

export function isViewInput(input: AnyInput): input is RowsInput | AnyEventView {
  return input.kind === 'rows' || isEventView(input as ViewDefinition);
}

/** The view whose rows an input is. */
export function viewRead(input: RowsInput | AnyEventView): ViewDefinition {
  return input.kind === 'rows' ? input.view : input;
}
