import type {ViewRow} from '../../src/protocol/query.ts';
import {printable} from '../../src/lib/printable.ts';

/** Rows of a view as aligned lines: key, window start if it has one, values, and whether the window is still open. */
export function rowsTable(rows: readonly ViewRow[]): string[] {
  const cells = rows.map(cellsOf);
  const widths = cells.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)),
    [],
  );
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Rows in one line, for outputs that are no terminal. */
export function rowsLine(rows: readonly ViewRow[]): string {
  return rows.map((row) => cellsOf(row).join(' ')).join(' | ');
}

function cellsOf({key, start, end: _end, id: _id, final, ...aggregates}: ViewRow): string[] {
  return [
    printable(key),
    ...(start === undefined ? [] : [new Date(start).toISOString().slice(0, 16).replace('T', ' ')]),
    ...Object.entries(aggregates).map(([name, value]) => `${name} ${inShort(value)}`),
    final ? 'final' : 'open',
  ];
}

function inShort(value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
