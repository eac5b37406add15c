import {hex} from '../../../src/lib/bytes.ts';
import {Problem} from '../../answer/problem.ts';
import type {Fate} from '../../answer/fate.ts';
import type {Call} from '../../route.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {authenticate, bearerToken} from '../../verify/authenticate.ts';
import {requireStream} from '../../verify/grant.ts';
import {readDecompressed} from '../read-body.ts';
import {counted, storeSubmission} from '../store-submission.ts';
import {streamOfDialect} from '../stream-of-dialect.ts';
import {jsonLogs} from './json-logs.ts';
import {logEvents} from './log-events.ts';
import {exportAnswer, statusAnswer} from './otlp-answer.ts';
import {otlpFormOf, unknownForm} from './otlp-form.ts';
import {protobufLogs} from './protobuf-logs.ts';

const PATH = '/v1/logs';

/** `POST /v1/logs`: verify → read → validate → append → answer in the request's own form. */
export async function acceptLogs(call: Call): Promise<Response> {
  const form = otlpFormOf(call.request.headers.get('content-type')) ?? 'json';
  try {
    const stream = streamOfDialect(call.gateway, 'otlp-logs');
    const accept = () => acceptExport(call, stream);
    const {name} = stream?.definition ?? {};
    return exportAnswer(
      await (name === undefined ? accept() : counted(call.gateway, name, accept)),
      form,
    );
  } catch (error) {
    if (error instanceof Problem) return statusAnswer(error, form);
    throw error;
  }
}

async function acceptExport(
  {gateway, request, scope}: Call,
  stream: CheckedStream | undefined,
): Promise<readonly Fate[]> {
  const {headers} = request;
  const grant = await authenticate(gateway, {token: bearerToken(headers), request}, scope);
  if (stream === undefined)
    throw new Problem('not-found', 'no stream of this gateway takes OTLP logs');
  requireStream(grant, stream);
  gateway.quotas.check(grant, stream);
  const form = otlpFormOf(headers.get('content-type'));
  if (form === null) throw unknownForm();
  const body = await readDecompressed(request, scope.deadline);
  const {events, isTimed} = logEvents(form === 'json' ? jsonLogs(body) : protobufLogs(body));
  // Whoever has nothing to export is right to say so.
  if (events.length === 0) return [];
  await gateway.quotas.take({grant, stream, events: events.length}, scope);
  return storeSubmission(
    gateway,
    {
      stream,
      events,
      headers,
      requestId: isTimed ? await exportId(body) : null,
      isSingle: false,
      sender: grant.sender,
      onInvalid: 'reject',
      source: PATH,
      eventType: stream.definition.name,
    },
    scope,
  );
}

/**
 * An exporter sends what was not answered again, whole and byte for byte, and log records have no ids: so an export is
 * known by its bytes, and what was stored of it is not stored twice. Two exports of one sender that are the same to the
 * byte, nanoseconds included, are one export that was sent twice. Without times, or of one record whose clock only counts
 * milliseconds, that would be a guess (two equal lines of a script), so such an export gets new ids: rather twice than
 * lost.
 */
async function exportId(body: Uint8Array): Promise<string> {
  return `otlp-${hex(new Uint8Array(await crypto.subtle.digest('SHA-256', body)))}`;
}
