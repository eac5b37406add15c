import {writeFile} from 'node:fs/promises';
import {toError} from '../../src/lib/errors.ts';
import {loadPipeline} from '../../src/program/load-pipeline.ts';
import {usageError} from '../cli-error.ts';
import {clientFile} from '../client/client-file.ts';
import {clientRuntime} from '../client/client-runtime.ts';
import type {Verb} from '../verb.ts';

export const client: Verb = {
  name: 'client',
  summary: 'Writes a typed client of a pipeline: one TypeScript file that needs nothing else.',
  usage: ['--pipeline PATH [--out FILE]'],
  options: {
    pipeline: {type: 'string', value: 'PATH', description: 'the pipeline file'},
    out: {type: 'string', value: 'FILE', description: 'the file to write; without it, stdout'},
  },
  async run({positionals, options}) {
    const {pipeline: path, out} = options;
    if (typeof path !== 'string' || path === '' || positionals.length > 0)
      throw usageError('client', 'name the pipeline file with --pipeline');
    const pipeline = await loadPipeline({path, importBuiltIn: () => Promise.resolve({})});
    const source = clientFile(pipeline, await clientRuntime());
    const {name, fingerprint, streams, views} = pipeline;
    const json = {
      pipeline: name,
      fingerprint,
      streams: streams.map((stream) => stream.name),
      views: views.map((view) => view.name),
    };
    if (typeof out !== 'string') return {json: {...json, source}, lines: source.split('\n')};
    await write(out, source);
    return {json: {...json, out}, lines: [`${out}: the client of ${name} is written`]};
  },
};

async function write(out: string, source: string): Promise<void> {
  try {
    await writeFile(out, source);
  } catch (error) {
    throw usageError('client', `${out} cannot be written: ${toError(error).message}`);
  }
}
