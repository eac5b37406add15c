import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Pipeline} from '../define/pipeline.ts';
import {ForebayError} from '../lib/errors.ts';

export interface LoadPipelineOptions {
  /** Relative to the working directory; empty means the built-in one. */
  readonly path: string;
  /** Only an entry file may import `#pipeline`, so it hands the import over. */
  readonly importBuiltIn: () => Promise<unknown>;
}

/**
 * The pipeline this process runs.
 * @throws ForebayError `PIPELINE_NOT_FOUND`, `PIPELINE_NO_DEFAULT`, or what the definition itself throws.
 */
export async function loadPipeline({path, importBuiltIn}: LoadPipelineOptions): Promise<Pipeline> {
  const file = resolve(path);
  if (path !== '' && !existsSync(file)) {
    throw new ForebayError({
      code: 'PIPELINE_NOT_FOUND',
      message: `there is no file ${file}`,
      hint: 'set FOREBAY_PIPELINE to the path of a pipeline definition',
    });
  }
  const module = path === '' ? await importBuiltIn() : await import(pathToFileURL(file).href);
  const pipeline = (module as {default?: unknown}).default;
  if (isPipeline(pipeline)) return pipeline;
  throw new ForebayError({
    code: 'PIPELINE_NO_DEFAULT',
    message: `${path === '' ? 'the pipeline file' : file} has no pipeline as its default export`,
    hint: 'write: export default definePipeline({…})',
  });
}

function isPipeline(value: unknown): value is Pipeline {
  const {name, streams, fingerprint} = (value ?? {}) as Partial<Pipeline>;
  return typeof name === 'string' && typeof fingerprint === 'string' && Array.isArray(streams);
}
