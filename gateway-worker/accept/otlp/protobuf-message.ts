/**
 * Protobuf messages, described as data, read into the JSON mapping of OTLP: 64-bit integers as decimal strings, enums as
 * integers, bytes as hex or base64. Nothing a sender writes is believed: a length may not leave its message, and depth
 * and number of messages are bounded. https://protobuf.dev/programming-guides/encoding/
 */
import {PbfReader} from 'pbf';
import {fromStrictUtf8, hex, toBase64} from '../../../src/lib/bytes.ts';
import {Problem} from '../../answer/problem.ts';
import {MAX_DEPTH} from '../../limits.ts';

type Scalar =
  | 'string'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'fixed32'
  | 'fixed64'
  | 'double';

export interface Field {
  readonly name: string;
  /** A function where messages hold each other. */
  readonly type: Scalar | (() => Message);
  readonly isRepeated?: boolean;
}

export interface Message {
  /** By number; what is not here is left out, as protobuf wants it. */
  readonly fields: Readonly<Record<number, Field>>;
  /** All fields are of one `oneof`: the last one in the text is the value. */
  readonly isOneof?: boolean;
}

/** Of one request. An empty message is two bytes in protobuf and an object here. */
const MAX_MESSAGES = 500_000;
const MAX_VARINT_BYTES = 10;
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

export type ReadMessage = Record<string, unknown>;

/** @throws Problem `invalid-request`, `malformed-utf-8`, `too-deep` or `request-too-large` */
export function readProtobuf(bytes: Uint8Array, message: Message): ReadMessage {
  const reading = {pbf: new PbfReader(bytes), messages: 0};
  try {
    return readFields(reading, message, {into: {}, end: bytes.byteLength, depth: 1});
  } catch (error) {
    // What the library throws for a varint or a wire type that does not exist.
    throw error instanceof Problem ? error : malformed();
  }
}

interface Reading {
  readonly pbf: PbfReader;
  messages: number;
}

interface Place {
  /** Of a field that comes twice the parts are merged. */
  readonly into: ReadMessage;
  /** Where the message ends. */
  readonly end: number;
  /** Levels of arrays and objects, as they will be in JSON. */
  readonly depth: number;
}

function readFields(reading: Reading, message: Message, place: Place): ReadMessage {
  const {pbf} = reading;
  const {into, end, depth} = place;
  if (depth > MAX_DEPTH)
    throw new Problem('too-deep', `at most ${MAX_DEPTH} levels of lists and maps are taken`);
  reading.messages += 1;
  if (reading.messages > MAX_MESSAGES)
    throw new Problem('request-too-large', `a request has at most ${MAX_MESSAGES} values`);
  while (pbf.pos < end) {
    const number = pbf.nextField(end);
    const start = pbf.pos;
    if (number === 0 || start >= end) throw malformed();
    const field = message.fields[number];
    if (field !== undefined && pbf.type === wireTypeOf(field)) {
      if (message.isOneof === true) clear(into);
      readField(reading, field, place);
    } else skip(pbf);
    if (pbf.pos > end) throw malformed();
  }
  return into;
}

function readField(reading: Reading, {name, type, isRepeated}: Field, place: Place): void {
  const {into, end, depth} = place;
  if (typeof type === 'string') {
    const value = SCALARS[type].read(reading.pbf, end);
    if (isRepeated === true) listAt(into, name).push(value);
    else into[name] = value;
    return;
  }
  const messageEnd = readEnd(reading.pbf, end);
  const inner = {end: messageEnd, depth: depth + (isRepeated === true ? 2 : 1)};
  if (isRepeated === true)
    listAt(into, name).push(readFields(reading, type(), {...inner, into: {}}));
  else {
    const before = into[name] as ReadMessage | undefined;
    into[name] = readFields(reading, type(), {...inner, into: before ?? {}});
  }
}

interface ScalarForm {
  readonly wireType: number;
  readonly read: (pbf: PbfReader, end: number) => unknown;
}

const SCALARS: Readonly<Record<Scalar, ScalarForm>> = {
  string: {wireType: LENGTH_DELIMITED, read: (pbf, end) => decodeText(readBytes(pbf, end))},
  hex: {wireType: LENGTH_DELIMITED, read: (pbf, end) => hex(readBytes(pbf, end))},
  base64: {wireType: LENGTH_DELIMITED, read: (pbf, end) => toBase64(readBytes(pbf, end))},
  bool: {wireType: VARINT, read: (pbf, end) => readVarint(pbf, end) !== 0n},
  int32: {
    wireType: VARINT,
    read: (pbf, end) => Number(BigInt.asIntN(32, readVarint(pbf, end))),
  },
  uint32: {
    wireType: VARINT,
    read: (pbf, end) => Number(BigInt.asUintN(32, readVarint(pbf, end))),
  },
  int64: {
    wireType: VARINT,
    read: (pbf, end) => String(BigInt.asIntN(64, readVarint(pbf, end))),
  },
  fixed32: {
    wireType: FIXED32,
    read: (pbf, end) => pbf.dataView.getUint32(take(pbf, 4, end), true),
  },
  fixed64: {
    wireType: FIXED64,
    read: (pbf, end) => String(pbf.dataView.getBigUint64(take(pbf, 8, end), true)),
  },
  double: {
    wireType: FIXED64,
    read: (pbf, end) => jsonDouble(pbf.dataView.getFloat64(take(pbf, 8, end), true)),
  },
};

function wireTypeOf({type}: Field): number {
  return typeof type === 'string' ? SCALARS[type].wireType : LENGTH_DELIMITED;
}

/** The position before `length` bytes of the message, which are then behind the reader. */
function take(pbf: PbfReader, length: number, end: number): number {
  const start = pbf.pos;
  if (start + length > end) throw malformed();
  pbf.pos = start + length;
  return start;
}

/** Where what has its length before it ends. */
function readEnd(pbf: PbfReader, end: number): number {
  const length = pbf.readVarint();
  if (pbf.pos + length > end) throw malformed();
  return pbf.pos + length;
}

function readBytes(pbf: PbfReader, end: number): Uint8Array {
  const bytesEnd = readEnd(pbf, end);
  return pbf.buf.subarray(take(pbf, bytesEnd - pbf.pos, end), bytesEnd);
}

/** All 64 bits of it; the library's own goes through a double. */
function readVarint(pbf: PbfReader, end: number): bigint {
  let value = 0n;
  for (let read = 0; read < MAX_VARINT_BYTES && pbf.pos < end; read += 1) {
    const byte = pbf.buf[pbf.pos]!;
    pbf.pos += 1;
    value |= BigInt(byte & 0x7f) << BigInt(7 * read);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw malformed();
}

function skip(pbf: PbfReader): void {
  const start = pbf.pos;
  pbf.skip(pbf.type);
  if (pbf.type === VARINT && pbf.pos - start > MAX_VARINT_BYTES) throw malformed();
}

function decodeText(bytes: Uint8Array): string {
  const text = fromStrictUtf8(bytes);
  if (text !== null) return text;
  throw new Problem('malformed-utf-8', 'strings of protobuf are UTF-8; send bytes as bytes');
}

/** JSON has no number for these. https://protobuf.dev/programming-guides/json/ */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

function listAt(into: ReadMessage, name: string): unknown[] {
  return (into[name] ??= []) as unknown[];
}

function clear(into: ReadMessage): void {
  for (const name of Object.keys(into)) delete into[name];
}

function malformed(): Problem {
  return new Problem('invalid-request', 'the body is not the protobuf message of this path');
}
