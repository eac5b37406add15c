/**
 * A log record as `POST /v1/logs` stores it: the LogRecord in OTLP/JSON form with the `resource` and the `scope` it came
 * under as members of its own, so that each record stands alone.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import * as z from 'zod';

/** OpenTelemetry's own limit is 128 for a record; a resource may have more. */
const MAX_ATTRIBUTES = 1_024;
const MAX_LIST_VALUES = 10_000;

/** A 64-bit integer is a decimal string; readers of OTLP/JSON take a number, too. */
const int64 = z.union([z.string().regex(/^-?\d{1,20}$/), z.number()]);
const uint64 = z.union([z.string().regex(/^\d{1,20}$/), z.number().nonnegative()]);
const hexId = (digits: number) => z.string().regex(new RegExp(`^(?:[0-9A-Fa-f]{${digits}})?$`));

const scalars = {
  stringValue: z.string().nullish(),
  boolValue: z.boolean().nullish(),
  intValue: int64.nullish(),
  /** NaN and the infinities are strings. */
  doubleValue: z.union([z.number(), z.string()]).nullish(),
  bytesValue: z.string().nullish(),
};
const anyValueOf = <Value extends z.ZodType>(value: Value) =>
  z.object({
    ...scalars,
    arrayValue: z.object({values: z.array(value).max(MAX_LIST_VALUES).nullish()}).nullish(),
    kvlistValue: z.object({values: keyValuesOf(value, MAX_LIST_VALUES)}).nullish(),
  });
const keyValuesOf = <Value extends z.ZodType>(value: Value, max: number) =>
  z
    .array(z.object({key: z.string(), value: value.nullish()}))
    .max(max)
    .nullish();

/**
 * A schema that refers to itself cannot be compiled, so three levels of lists and maps are checked; what is nested deeper
 * is taken as it is.
 */
const anyValue = anyValueOf(anyValueOf(anyValueOf(z.unknown())));
const attributes = keyValuesOf(anyValue, MAX_ATTRIBUTES);
const droppedAttributesCount = z.int().nonnegative().nullish();

/** The schema of a stream that takes `otlpLogs()`. Members it does not know are kept in the record's value. */
export const otlpLog = z.object({
  /** Nanoseconds since the epoch; the record's event time unless it is missing or 0, then the next. */
  timeUnixNano: uint64.nullish(),
  observedTimeUnixNano: uint64.nullish(),
  severityNumber: z.int().nullish(),
  severityText: z.string().nullish(),
  eventName: z.string().nullish(),
  body: anyValue.nullish(),
  attributes,
  droppedAttributesCount,
  flags: z.int().nonnegative().nullish(),
  traceId: hexId(32).nullish(),
  spanId: hexId(16).nullish(),
  resource: z.object({attributes, droppedAttributesCount}).nullish(),
  resourceSchemaUrl: z.string().nullish(),
  scope: z
    .object({
      name: z.string().nullish(),
      version: z.string().nullish(),
      attributes,
      droppedAttributesCount,
    })
    .nullish(),
  scopeSchemaUrl: z.string().nullish(),
});
export type OtlpLog = z.output<typeof otlpLog>;

type Attributed = Pick<OtlpLog, 'attributes'>;

/** An attribute's text: of a string, a number or a boolean; `undefined` when there is none or it is something else. */
export function attributeOf(of: Attributed | null | undefined, key: string): string | undefined {
  const value = of?.attributes?.find((attribute) => attribute.key === key)?.value;
  const scalar = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue;
  return scalar?.toString();
}
