import * as z from 'zod';
import {
  apiKey,
  attributeOf,
  definePipeline,
  defineStream,
  otlpLog,
  otlpLogs,
} from '../../../src/define/index.ts';

export default definePipeline({
  name: 'judges-otlp',
  views: [],
  streams: [
    defineStream({
      name: 'logs',
      owner: 'tests',
      // Stricter than OTLP, so that something can be rejected.
      schema: otlpLog.extend({severityNumber: z.int().min(1).max(24)}),
      key: ({resource}) => attributeOf(resource, 'service.name') ?? 'unknown',
      partitions: 2,
      accept: [apiKey(), otlpLogs()],
    }),
  ],
});
