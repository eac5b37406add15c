import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {makeBaseImages} from './base-images.ts';
import {ImageStore, type ImageConfig} from './image-store.ts';
import {registrySettings} from './registry-settings.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
export const VERSION = '9.8.7-test';

export interface BuiltImage {
  readonly config: ImageConfig;
  /** Its files, as a folder. */
  readonly root: string;
}

/** A store with the images that the Dockerfiles start from. */
export async function storeWithBases(): Promise<ImageStore> {
  const store = await ImageStore.open();
  const dockerfile = readFileSync(join(REPOSITORY, 'drain-service/Dockerfile'), 'utf8');
  const release = /^FROM debian:(\w+)-slim$/m.exec(dockerfile)?.[1];
  if (release === undefined) throw new Error('the Dockerfile starts from no Debian release');
  await makeBaseImages(store, release);
  await writeFile(secretOf(store), await registrySettings(), {mode: 0o600});
  return store;
}

function secretOf({folder}: ImageStore): string {
  return join(folder, 'npmrc');
}

/** `docker build -f …/Dockerfile .`, with this machine's registry of packages as the secret. */
export async function buildImage(store: ImageStore, program: string): Promise<BuiltImage> {
  const options = [
    ['--secret', `id=npmrc,src=${secretOf(store)}`],
    ['--build-arg', `FOREBAY_VERSION=${VERSION}`],
    ['--file', join(REPOSITORY, program, 'Dockerfile')],
    ['--tag', program],
  ];
  // In Docker's own format, as the other has no health checks.
  const build = ['build', '--quiet', '--pull-never', '--format', 'docker'];
  await store.buildah(...build, ...options.flat(), REPOSITORY);
  const image = `localhost/${program}`;
  return {config: await store.config(image), root: await store.mount(image)};
}
