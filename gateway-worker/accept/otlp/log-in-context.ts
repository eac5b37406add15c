import {concatBytes, utf8} from '../../../src/lib/bytes.ts';
import type {JsonObject} from '../read-json-object.ts';

/** A log record, and what an export says once for all records under one resource and scope. */
export interface LogInContext {
  readonly record: JsonObject;
  readonly context: JsonObject;
}

/** The members of a context by where they are from; their names are what a stored record calls them. */
export const CONTEXT_MEMBERS = {
  resource: {of: 'resourceLogs', name: 'resource'},
  resourceSchemaUrl: {of: 'resourceLogs', name: 'schemaUrl'},
  scope: {of: 'scopeLogs', name: 'scope'},
  scopeSchemaUrl: {of: 'scopeLogs', name: 'schemaUrl'},
} as const;

/** What an export has around its records. */
export interface Envelope {
  readonly value: Readonly<Record<string, unknown>>;
  /** The JSON text of each member. */
  readonly members: ReadonlyMap<string, Uint8Array>;
}

export interface ContextParts {
  readonly resourceLogs: Envelope;
  readonly scopeLogs: Envelope;
}

export function contextOf(parts: ContextParts): JsonObject {
  const value: Record<string, unknown> = {};
  const members = new Map<string, Uint8Array>();
  for (const [as, {of, name}] of Object.entries(CONTEXT_MEMBERS)) {
    const bytes = parts[of].members.get(name);
    if (bytes === undefined) continue;
    value[as] = parts[of].value[name];
    members.set(as, bytes);
  }
  return {value, bytes: objectText(members)};
}

function objectText(members: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const parts = Array.from(members, ([name, bytes], index) => [
    utf8(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    bytes,
  ]);
  return concatBytes([...(parts.length === 0 ? [utf8('{')] : parts.flat()), utf8('}')]);
}
