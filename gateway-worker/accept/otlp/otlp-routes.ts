import * as z from 'zod';
import type {Route} from '../../route.ts';
import {acceptLogs} from './accept-logs.ts';
import {MEDIA_TYPES} from './otlp-form.ts';

const ExportLogsResponse = z.object({
  partialSuccess: z.object({rejectedLogRecords: z.string(), errorMessage: z.string()}).optional(),
});
/** google.rpc.Status, the body of every failure. */
const Status = z.object({code: z.int(), message: z.string()});
/** An answer has the form of its request. */
const ALSO_PROTOBUF = {alsoAs: [MEDIA_TYPES.protobuf]};
const STATUS = {schema: Status, ...ALSO_PROTOBUF};

export const otlpRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/logs',
    access: 'sender',
    operation: {
      summary:
        'Export OpenTelemetry logs (OTLP/HTTP) and get the answer in the form of the request',
      takes: Object.values(MEDIA_TYPES),
      answers: {
        200: {
          description: 'Every log record is stored or, as partialSuccess says, rejected for good',
          schema: ExportLogsResponse,
          ...ALSO_PROTOBUF,
        },
        400: {description: 'The body is not an export', ...STATUS},
        401: {description: 'Credentials are missing or wrong', ...STATUS},
        403: {description: 'These credentials may not write logs', ...STATUS},
        404: {description: 'No stream takes OTLP logs', ...STATUS},
        413: {description: 'The export is too large, or has too many records', ...STATUS},
        415: {description: 'Neither JSON nor protobuf, or an unknown encoding', ...STATUS},
        429: {description: 'Over the quota; send the same export later', ...STATUS},
        503: {description: 'Not all is stored; send the same export again', ...STATUS},
      },
    },
    handle: acceptLogs,
  },
];
