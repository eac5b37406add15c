import {utf8} from '../../../src/lib/bytes.ts';
import type {JsonObject} from '../read-json-object.ts';
import {contextOf} from './log-in-context.ts';
import type {Envelope, LogInContext} from './log-in-context.ts';
import {EXPORT_LOGS_REQUEST} from './logs-message.ts';
import {readProtobuf} from './protobuf-message.ts';
import type {ReadMessage} from './protobuf-message.ts';

/** The log records of an export in protobuf, as they would be in OTLP/JSON. Fields OTLP does not name are left out. */
export function* protobufLogs(body: Uint8Array): Generator<LogInContext> {
  for (const inResource of listOf(readProtobuf(body, EXPORT_LOGS_REQUEST), 'resourceLogs')) {
    const {scopeLogs: scopes, ...ofResource} = inResource;
    const resourceLogs = envelopeOf(ofResource);
    for (const inScope of listOf({scopes}, 'scopes')) {
      const {logRecords: records, ...ofScope} = inScope;
      // Only of scopes with a record: a context is a copy of its resource, and empty scopes are tiny and many.
      let context: JsonObject | null = null;
      for (const value of listOf({records}, 'records')) {
        context ??= contextOf({resourceLogs, scopeLogs: envelopeOf(ofScope)});
        yield {record: {value, bytes: utf8(JSON.stringify(value))}, context};
      }
    }
  }
}

function listOf(message: ReadMessage, name: string): readonly ReadMessage[] {
  return (message[name] ?? []) as readonly ReadMessage[];
}

function envelopeOf(message: ReadMessage): Envelope {
  const members = Object.entries(message).map(
    ([name, value]) => [name, utf8(JSON.stringify(value))] as const,
  );
  return {value: message, members: new Map(members)};
}
