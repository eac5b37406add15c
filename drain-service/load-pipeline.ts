import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Pipeline} from '../src/define/pipeline.ts';
import {ForebayError} from '../src/lib/errors.ts';

export interface LoadPipelineOptions {
  /** Relative to `cwd`; empty means the built-in one. */
  readonly path: string;
  readonly cwd: string;
  readonly importBuiltIn: () => Promise<unknown>;
}

/**
 * The pipeline this process runs.
 * @throws ForebayError `PIPELINE_NOT_FOUND`, `PIPELINE_NO_DEFAULT`, or what the definition itself throws.
 */
export async function loadPipeline(options: LoadPipelineOptions): Promise<Pipeline> {
  const {path, cwd, importBuiltIn} = options;
  const file = resolve(cwd, path);
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
