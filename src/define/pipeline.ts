import * as z from 'zod';
import {ForebayError} from '../lib/errors.ts';
import {fnv1a} from '../lib/fnv1a.ts';
import {findProblems} from './find-problems.ts';
import type {AnyStream} from './stream.ts';
import type {AnyInput} from './input.ts';
import {inputsOf, type ViewDefinition} from './view.ts';

export interface PipelineOptions {
  readonly name: string;
  readonly streams: readonly AnyStream[];
  readonly views: readonly ViewDefinition[];
}

export interface Pipeline extends PipelineOptions {
  /** Of the whole definition: two programs with different ones run different versions. */
  readonly fingerprint: string;
  /** Per stream name, of its schema: travels in `forebay_schema`. */
  readonly schemaFingerprints: ReadonlyMap<string, string>;
}

/**
 * Checks a definition and freezes it. Every program receives the same value.
 * @throws ForebayError `PIPELINE_INVALID` that lists every problem found, not only the first.
 */
export function definePipeline(options: PipelineOptions): Pipeline {
  const problems = findProblems(options);
  if (problems.length > 0) {
    throw new ForebayError({
      code: 'PIPELINE_INVALID',
      message: `the pipeline has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      hint: 'mend them in the pipeline file',
    });
  }
  const schemaFingerprints = new Map(
    options.streams.map((stream) => [stream.name, fnv1a(JSON.stringify(jsonSchemaOf(stream)))]),
  );
  const fingerprint = fnv1a(JSON.stringify(describe(options, schemaFingerprints)));
  return Object.freeze({...options, schemaFingerprints, fingerprint});
}

/** The JSON Schema (draft 2020-12) of what senders may send. */
export function jsonSchemaOf(stream: AnyStream): object {
  return z.toJSONSchema(stream.schema, {io: 'input', unrepresentable: 'any'});
}

/** All of the definition that is data; functions only by their presence. */
function describe(options: PipelineOptions, schemas: ReadonlyMap<string, string>): object {
  return {
    name: options.name,
    streams: options.streams.map((stream) => ({
      ...stream,
      schema: schemas.get(stream.name),
      key: stream.key !== undefined,
      eventTime: stream.eventTime !== undefined,
      id: stream.id !== undefined,
    })),
    views: options.views.map(describeView),
  };
}

/** The data of a view; what it reads stands as the names of its roots. */
function describeView(view: ViewDefinition): object {
  const aggregates = 'aggregates' in view ? Object.entries(view.aggregates) : [];
  const data = Object.entries(view).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  return {
    ...Object.fromEntries(data),
    emit: view.emit,
    stream: view.stream.name,
    reads: inputsOf(view).map(describeInput),
    aggregates: aggregates.map(([name, {layout}]) => [name, layout]),
  };
}

function describeInput(input: AnyInput): string {
  if (input.kind === 'rows') return `rows(${input.view.name})`;
  return 'from' in input ? `${input.kind}(${describeInput(input.from)})` : input.name;
}
