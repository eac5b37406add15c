import {jsonSchemaOf, type Pipeline} from '../../src/define/pipeline.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import type {ViewDefinition} from '../../src/define/view.ts';
import {typeOfSchema, type JsonSchema} from './json-schema-type.ts';

/**
 * A client of a pipeline as one TypeScript file: the types of its streams' events and its views' rows, `runtime`, and
 * `createClient`. Rows of joins, correlations and selections are what a function of the definition returns, of which
 * nothing is known here: their values are `unknown`.
 */
export function clientFile({name, fingerprint, streams, views}: Pipeline, runtime: string): string {
  return [
    `// Made by "forebay client" of the pipeline "${name}" (${fingerprint}). Make it again instead of changing it.`,
    ...streams.flatMap(eventTypes),
    ...views.map(rowType),
    runtime.trim(),
    createClient(streams, views),
    '',
  ].join('\n\n');
}

function eventTypes(stream: AnyStream): readonly string[] {
  const schema = jsonSchemaOf(stream) as JsonSchema;
  const typeName = `${pascal(stream.name)}Event`;
  const refName = (ref: string) =>
    ref === '#' ? typeName : `${typeName}${pascal(ref.split('/').at(-1)!)}`;
  const parts = Object.entries(schema.$defs ?? {}).map(
    ([part, each]) => `export type ${refName(part)} = ${typeOfSchema(each, refName)};`,
  );
  const comment = docOf(`An event of the stream ${stream.name}.`, stream.description);
  return [...parts, `${comment}export type ${typeName} = ${typeOfSchema(schema, refName)};`];
}

function rowType(view: ViewDefinition): string {
  const isRunning = view.kind === 'running';
  const isEvent = !('aggregates' in view);
  const fields = [
    'readonly key: string;',
    ...(isRunning || isEvent ? [] : ['readonly start: number;', 'readonly end: number;']),
    ...(isEvent
      ? ['readonly start?: number;', 'readonly end?: number;', 'readonly id?: string;']
      : []),
    'readonly final: boolean;',
    ...('aggregates' in view
      ? Object.entries(view.aggregates).map(
          ([field, {resultType}]) => `readonly ${JSON.stringify(field)}: ${resultType};`,
        )
      : ['readonly [field: string]: unknown;']),
  ];
  const comment = docOf(`A row of the view ${view.name}.`, view.description);
  return `${comment}export interface ${pascal(view.name)}Row {\n  ${fields.join('\n  ')}\n}`;
}

function createClient(streams: readonly AnyStream[], views: readonly ViewDefinition[]): string {
  const streamFields = streams.map(
    ({name}) => `${camel(name)}: new StreamClient<${pascal(name)}Event>(options, '${name}'),`,
  );
  const viewFields = views.map(
    ({name}) => `${camel(name)}: new ViewClient<${pascal(name)}Row>(options, '${name}'),`,
  );
  return `/** The streams and views of the pipeline, by name. */
export function createClient(options: ClientOptions) {
  return {
    streams: {
      ${streamFields.join('\n      ')}
    },
    views: {
      ${viewFields.join('\n      ')}
    },
    sql: (sql: string, params?: readonly SqlParameter[]) => runSql(options, sql, params),
  };
}`;
}

function docOf(sentence: string, description: string): string {
  const words = description === '' ? '' : ` ${description.replaceAll('*/', '*\\/')}.`;
  return `/** ${sentence}${words.replaceAll(/\s+/g, ' ')} */\n`;
}

/** `station-hour`: `stationHour`. */
function camel(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase());
}

function pascal(name: string): string {
  const text = camel(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
