import {request, urlOf, type ClientOptions} from './request.ts';

export interface FeatureQuery<View extends string> {
  /** Without it all views, but for a past time those behind a rekey. */
  readonly views?: readonly View[];
  /** As of a past event time: RFC 3339 or milliseconds. */
  readonly at?: string | number;
}

/** What views say about an entity, by their names. */
export interface Features<Rows, View extends keyof Rows> {
  readonly entity: string;
  /** `null`: as of now. */
  readonly at: number | null;
  readonly features: {
    readonly [Name in View]?: {
      /** The newest row that is final. */
      readonly closed: Rows[Name] | null;
      /** The newest row that still changes. */
      readonly open: Rows[Name] | null;
    };
  };
  readonly freshness: {
    readonly [Name in View]?: {readonly watermark: number | null; readonly lagMs: number | null};
  };
}

/** `Rows`: the row of each view, by its name. @throws RequestFailed */
export async function askFeatures<Rows, View extends keyof Rows & string>(
  options: ClientOptions,
  entity: string,
  {views, at}: FeatureQuery<View>,
): Promise<Features<Rows, View>> {
  const parameters = new URLSearchParams();
  if (views !== undefined) parameters.set('views', views.join());
  if (at !== undefined) parameters.set('at', String(at));
  const path = `/v1/features/${encodeURIComponent(entity)}?${parameters.toString()}`;
  const response = await request(options, `${urlOf(options.queryUrl)}${path}`);
  return (await response.json()) as Features<Rows, View>;
}
