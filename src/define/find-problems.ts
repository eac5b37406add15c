import * as z from 'zod';
import {toError} from '../lib/errors.ts';
import {credentialProblems} from './credential-problems.ts';
import type {PipelineOptions} from './pipeline.ts';
import type {AnyStream} from './stream.ts';
import {originProblems} from './origin-problems.ts';
import {duplicates, isWithin, MAX_PARTITIONS, NAME, problemIf} from './problem-if.ts';
import {viewsProblems} from './view-problems.ts';
import {webhookProblems} from './webhook-problems.ts';
import type {WebhookScheme} from './webhook-scheme.ts';

/** Ids are sealed and leave 100,000 at a time; the most they may take is half of the memory that shards share. */
const MIN_DEDUPE_IDS = 200_000;
const MAX_DEDUPE_IDS = 33_554_432;
/** 2 MB is the most a row of a Durable Object can hold; a record and its headers must fit in one. */
const MAX_EVENT_BYTES = 1_048_576;

/** Every problem of a definition, as sentences that name the place and the fix. */
export function findProblems(options: PipelineOptions): string[] {
  return [
    ...problemIf(!NAME.test(options.name), `pipeline name "${options.name}" must match ${NAME}`),
    ...problemIf(options.streams.length === 0, 'a pipeline needs at least one stream'),
    ...duplicates(options.streams.map((stream) => stream.name)).map(
      (name) => `two streams are named "${name}"`,
    ),
    ...duplicates(schemesOf(options.streams).map(({source}) => source)).map(
      (source) =>
        `two streams accept the webhook source "${source}"; its route can feed only one, so give one another source`,
    ),
    ...schemesOf(options.streams).flatMap(webhookProblems),
    ...duplicates(singleDialectsOf(options.streams)).map(
      (kind) => `two streams accept "${kind}"; its route can feed only one`,
    ),
    ...problemIf(
      options.streams.some((stream) => stream.name === options.name),
      `pipeline and stream are both named "${options.name}"; their topics could not be told apart`,
    ),
    ...[...new Set(options.streams)].flatMap(streamProblems),
    ...viewsProblems(options),
  ];
}

function streamProblems(stream: AnyStream): string[] {
  const at = `stream "${stream.name}"`;
  const {maxBytes, maxRecords, maxAgeMs} = stream.capacity;
  const {idleMs, maxAheadMs} = stream;
  return [
    ...problemIf(!NAME.test(stream.name), `${at}: the name must match ${NAME}`),
    ...problemIf(
      stream.owner.trim() === '',
      `${at}: owner is empty; name the team that answers for it`,
    ),
    ...problemIf(
      !isWithin(stream.partitions, 1, MAX_PARTITIONS),
      `${at}: partitions must be a whole number from 1 to ${MAX_PARTITIONS}, not ${stream.partitions}`,
    ),
    ...problemIf(
      stream.accept.length === 0,
      `${at}: accept is empty, so all traffic would be refused; add apiKey() or webhook(…)`,
    ),
    ...problemIf(
      !isWithin(stream.maxEventBytes, 1, MAX_EVENT_BYTES),
      `${at}: maxEventBytes must be from 1 to ${MAX_EVENT_BYTES}, not ${stream.maxEventBytes}`,
    ),
    ...problemIf(
      !isWithin(stream.dedupeWindowMs, 0, Number.MAX_SAFE_INTEGER),
      `${at}: dedupeWindowMs must be a whole number of milliseconds, not ${stream.dedupeWindowMs}`,
    ),
    ...problemIf(
      !isWithin(stream.dedupeMaxIds, MIN_DEDUPE_IDS, MAX_DEDUPE_IDS),
      `${at}: dedupeMaxIds must be from ${MIN_DEDUPE_IDS} to ${MAX_DEDUPE_IDS}, not ${stream.dedupeMaxIds}`,
    ),
    ...Object.entries({idleMs, maxAheadMs}).flatMap(([name, value]) =>
      problemIf(
        !isWithin(value, 1, Number.MAX_SAFE_INTEGER),
        `${at}: ${name} must be a whole number of milliseconds above 0, not ${value}`,
      ),
    ),
    ...Object.entries({maxBytes, maxRecords, maxAgeMs}).flatMap(([name, value]) =>
      problemIf(!(value > 0), `${at}: capacity.${name} must be above 0, not ${value}`),
    ),
    ...problemIf(
      !['overflow', 'reject'].includes(stream.whenFull),
      `${at}: whenFull must be 'overflow' or 'reject', not "${stream.whenFull}"`,
    ),
    ...problemIf(
      !['kept', 'waived'].includes(stream.overflowOrder),
      `${at}: overflowOrder must be 'kept' or 'waived', not "${stream.overflowOrder}"`,
    ),
    ...(stream.webhookOrigins === undefined
      ? []
      : originProblems(stream.webhookOrigins).map(
          (problem) => `${at}: webhookOrigins: ${problem}`,
        )),
    ...credentialProblems(stream),
    ...schemaProblems(stream, at),
  ];
}

/** The gateway compiles schemas strictly and describes them; what cannot be must fail here, before a deploy. */
function schemaProblems({schema}: AnyStream, at: string): string[] {
  return [
    ...problemIfThrows(
      () => z.compile(schema, {strict: true}),
      `${at}: the schema cannot be compiled`,
    ),
    ...problemIfThrows(
      () => z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}),
      `${at}: the schema cannot be described as JSON Schema`,
    ),
  ];
}

function problemIfThrows(action: () => unknown, problem: string): string[] {
  try {
    action();
    return [];
  } catch (error) {
    return [`${problem}: ${toError(error).message}`];
  }
}

function schemesOf(streams: readonly AnyStream[]): readonly WebhookScheme[] {
  return streams.flatMap(({accept}) =>
    accept.flatMap((source) => (source.kind === 'webhook' ? [source.scheme] : [])),
  );
}

/** Dialects whose route names no stream. */
function singleDialectsOf(streams: readonly AnyStream[]): string[] {
  return streams.flatMap(({accept}) =>
    accept.flatMap(({kind}) => (kind === 'segment' || kind === 'otlp-logs' ? [kind] : [])),
  );
}
