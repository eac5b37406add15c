import {dataOf} from '../data-of.ts';
import type {ReceivedEvent} from '../received-event.ts';
import {attributesOf, identityOf, isIssue} from './cloud-event-attributes.ts';
import {headerAttributes} from './header-attributes.ts';

/** HTTP binding 1.0.2 §3.1: attributes in headers, the body is the data. An empty body is an event without data. */
export function binaryEvent(headers: Headers, body: Uint8Array): ReceivedEvent {
  const bytes = body.byteLength === 0 ? null : body;
  const texts = headerAttributes(headers);
  if (isIssue(texts)) return {bytes, issue: texts};
  const attributes = attributesOf(texts);
  if (isIssue(attributes)) return {bytes, issue: attributes, attributes: identityOf(texts)};
  return {bytes, attributes, ...dataOf(attributes.contentType, bytes)};
}
