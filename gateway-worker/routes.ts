import {adminRoutes} from './admin/admin-routes.ts';
import {healthRoutes} from './admin/health-routes.ts';
import {streamRoutes} from './accept/streams/stream-routes.ts';
import {webhookRoutes} from './accept/webhooks/webhook-routes.ts';
import {drainRoutes} from './drain-api/drain-routes.ts';
import type {Route} from './route.ts';

/** Everything a gateway answers to. What is not here is a 404, or a 405 when only the method is wrong. */
export const routes: readonly Route[] = [
  ...streamRoutes,
  ...webhookRoutes,
  ...drainRoutes,
  ...adminRoutes,
  ...healthRoutes,
];
