import * as z from 'zod';
import type {Route} from '../route.ts';
import {openapiDocument} from './openapi-document.ts';

/** The route that describes all the others, and itself. */
export function openapiRoutes(others: readonly Route[]): readonly Route[] {
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    operation: {
      summary: 'This description of the gateway',
      answers: {200: {description: 'OpenAPI 3.1', schema: z.looseObject({openapi: z.string()})}},
    },
    handle: ({gateway}) => Response.json(openapiDocument(gateway.pipeline, [...others, route])),
  };
  return [route];
}
