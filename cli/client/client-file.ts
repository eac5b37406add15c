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
  const streamNames = typeNames(streams);
  const viewNames = typeNames(views);
  return [
    `// Made by "forebay client" of the pipeline "${name}" (${fingerprint}). Make it again instead of changing it.`,
    ...streams.flatMap((stream) => eventTypes(stream, `${streamNames.get(stream.name)}Event`)),
    ...views.map((view) => rowType(view, `${viewNames.get(view.name)}Row`)),
    runtime.trim(),
    createClient(streamNames, viewNames),
    '',
  ].join('\n\n');
}

function eventTypes(stream: AnyStream, typeName: string): readonly string[] {
  const schema = jsonSchemaOf(stream) as JsonSchema;
  const defs = Object.entries(schema.$defs ?? {});
  const partNames = new Map(
    defs.map(([part], index) => {
      const isAlone = defs.every(([other]) => other === part || pascal(other) !== pascal(part));
      return [part, isAlone && pascal(part) !== '' ? pascal(part) : `_${index}`];
    }),
  );
  const refName = (ref: string) =>
    ref === '#' ? typeName : `${typeName}${partNames.get(ref.replace('#/$defs/', '')) ?? ''}`;
  const parts = defs.map(
    ([part, each]) => `export type ${refName(part)} = ${typeOfSchema(each, refName)};`,
  );
  const comment = docOf(`An event of the stream ${stream.name}.`, stream.description);
  return [...parts, `${comment}export type ${typeName} = ${typeOfSchema(schema, refName)};`];
}

function rowType(view: ViewDefinition, typeName: string): string {
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
  return `${comment}export interface ${typeName} {\n  ${fields.join('\n  ')}\n}`;
}

function createClient(streams: TypeNames, views: TypeNames): string {
  const streamFields = Array.from(
    streams,
    ([name, type]) => `${fieldOf(type)}: new StreamClient<${type}Event>(options, '${name}'),`,
  );
  const viewFields = Array.from(
    views,
    ([name, type]) => `${fieldOf(type)}: new ViewClient<${type}Row>(options, '${name}'),`,
  );
  const rowFields = Array.from(
    views,
    ([name, type]) => `readonly ${JSON.stringify(name)}: ${type}Row;`,
  );
  return `/** The row of each view, by its name. */
export interface RowsOfViews {
  ${rowFields.join('\n  ')}
}

/** The streams and views of the pipeline, by name. */
export function createClient(options: ClientOptions) {
  return {
    streams: {
      ${streamFields.join('\n      ')}
    },
    views: {
      ${viewFields.join('\n      ')}
    },
    sql: (sql: string, params?: readonly SqlParameter[]) => runSql(options, sql, params),
    sqlLive: (sql: string, params?: readonly SqlParameter[], live?: LiveOptions) =>
      followSql(options, sql, params, live),
    features: <View extends keyof RowsOfViews = keyof RowsOfViews>(
      entity: string,
      query: FeatureQuery<View> = {},
    ) => askFeatures<RowsOfViews, View>(options, entity, query),
  };
}`;
}

function docOf(sentence: string, description: string): string {
  const words = description === '' ? '' : ` ${description.replaceAll('*/', '*\\/')}.`;
  return `/** ${sentence}${words.replaceAll(/\s+/g, ' ')} */\n`;
}

/** By the name of a stream or view, what the names of its types begin with. */
type TypeNames = ReadonlyMap<string, string>;

/** `station-hour`: `StationHour`; where `a-1` and `a1` would be the same, `A_1` and `A1`. */
function typeNames(named: readonly {readonly name: string}[]): TypeNames {
  const alike = Map.groupBy(named, ({name}) => pascal(name));
  return new Map(
    named.map(({name}) => {
      const isAlone = alike.get(pascal(name))!.length === 1;
      return [name, isAlone ? pascal(name) : capital(name.replaceAll('-', '_'))];
    }),
  );
}

/** `StationHour`: `stationHour`. */
function fieldOf(typeName: string): string {
  return typeName.charAt(0).toLowerCase() + typeName.slice(1);
}

function pascal(name: string): string {
  return capital(
    name.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase()),
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
