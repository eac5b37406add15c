/** The part of JSON Schema (draft 2020-12) that says what a value looks like. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly (JsonSchema | boolean)[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** TypeScript of what a schema admits. What it cannot say (patterns, ranges) is left to the gateway. */
export function typeOfSchema(schema: JsonSchema | boolean, refName: RefName): string {
  if (typeof schema === 'boolean') return schema ? 'unknown' : 'never';
  if (schema.$ref !== undefined) return refName(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return unionOf(schema.enum.map((each) => JSON.stringify(each)));
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return unionOf(either.map((each) => typeOfSchema(each, refName)));
  if (schema.allOf !== undefined)
    return schema.allOf.map((each) => `(${typeOfSchema(each, refName)})`).join(' & ');
  if (schema.type === undefined)
    return schema.properties === undefined ? 'unknown' : objectType(schema, refName);
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  return unionOf(types.map((type) => typeNamed(type, schema, refName)));
}

/** The TypeScript name of what `$ref` points to. */
export type RefName = (ref: string) => string;

function typeNamed(type: string, schema: JsonSchema, refName: RefName): string {
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
      return 'number';
    case 'array':
      return arrayType(schema, refName);
    case 'object':
      return objectType(schema, refName);
    default:
      return 'unknown';
  }
}

function arrayType({items, prefixItems}: JsonSchema, refName: RefName): string {
  const rest = `readonly (${typeOfSchema(items ?? true, refName)})[]`;
  if (prefixItems === undefined) return rest;
  const first = prefixItems.map((each) => typeOfSchema(each, refName)).join(', ');
  return `readonly [${first}${items === undefined || items === false ? '' : `, ...${rest}`}]`;
}

function objectType(schema: JsonSchema, refName: RefName): string {
  const {properties = {}, required = [], additionalProperties} = schema;
  const fields = Object.entries(properties).map(([name, each]) => {
    const isOptional = !required.includes(name);
    const type = typeOfSchema(each, refName);
    return `readonly ${JSON.stringify(name)}${isOptional ? '?' : ''}: ${isOptional ? `(${type}) | undefined` : type};`;
  });
  // Beside named fields, the type of the others would have to hold theirs, too.
  const others =
    additionalProperties === undefined || additionalProperties === false
      ? []
      : [
          `readonly [field: string]: ${fields.length === 0 ? typeOfSchema(additionalProperties, refName) : 'unknown'};`,
        ];
  return `{${[...fields, ...others].join(' ')}}`;
}

function unionOf(types: readonly string[]): string {
  return types.length === 1
    ? types[0]!
    : [...new Set(types)].map((type) => `(${type})`).join(' | ');
}
