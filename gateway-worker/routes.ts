import {adminRoutes} from './admin/admin-routes.ts';
import {auditRoutes} from './audit/audit-routes.ts';
import {healthRoutes} from './admin/health-routes.ts';
import {confluentRoutes} from './accept/confluent/confluent-routes.ts';
import {otlpRoutes} from './accept/otlp/otlp-routes.ts';
import {segmentRoutes} from './accept/segment/segment-routes.ts';
import {streamRoutes} from './accept/streams/stream-routes.ts';
import {webhookRoutes} from './accept/webhooks/webhook-routes.ts';
import {deviceRoutes} from './devices/device-routes.ts';
import {drainRoutes} from './drain-api/drain-routes.ts';
import {openapiRoutes} from './openapi/openapi-routes.ts';
import {replayRoutes} from './replay/replay-routes.ts';
import {keyRoutes} from './keys/key-routes.ts';
import type {Route} from './route.ts';
import {deviceTokenRoutes} from './verify/device-token-routes.ts';

const described: readonly Route[] = [
  ...streamRoutes,
  ...webhookRoutes,
  ...otlpRoutes,
  ...segmentRoutes,
  ...confluentRoutes,
  ...deviceRoutes,
  ...drainRoutes,
  ...adminRoutes,
  ...keyRoutes,
  ...deviceTokenRoutes,
  ...auditRoutes,
  ...replayRoutes,
  ...healthRoutes,
];

/** Everything a gateway answers to. What is not here is a 404, or a 405 when only the method is wrong. */
export const routes: readonly Route[] = [...described, ...openapiRoutes(described)];
