/** Loaded before run.ts (`node --import`): the product's files as they are but for the mutation named by MUTATION. */
import {registerHooks} from 'node:module';
import {fileURLToPath} from 'node:url';
import {MUTATIONS} from './mutations/mutations.ts';

const wanted = process.env['MUTATION'];
const mutation = MUTATIONS.find(({name}) => name === wanted);
if (mutation === undefined) throw new Error(`there is no mutation "${wanted}"`);
const root = fileURLToPath(new URL('../../', import.meta.url));

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context);
    if (!url.startsWith('file:')) return loaded;
    const file = fileURLToPath(url).slice(root.length);
    const edits = mutation.edits.filter((edit) => edit.file === file);
    if (edits.length === 0) return loaded;
    const text = edits.reduce(
      (source, {find, replace}) => source.replace(find, () => replace),
      textOf(loaded.source),
    );
    return {...loaded, source: text};
  },
});

function textOf(source: unknown): string {
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString();
}
