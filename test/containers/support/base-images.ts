/**
 * Stand-ins for the official images that the Dockerfiles start from, where no registry of images can be reached: the
 * Debian release of that name from Debian's own packages, and the node of this repository's lock file. They carry the
 * official names, so that the Dockerfiles are built as they are.
 */
import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ImageStore} from './image-store.ts';
import {runTool} from './run-tool.ts';

const NODE = join(import.meta.dirname, '../../../node_modules/node/bin/node');
/** The C and C++ libraries that node needs; a shell and tools for `RUN`. The official image has a package manager besides. */
const PACKAGES = ['base-files', 'coreutils', 'dash', 'libc-bin', 'libstdc++6'];
const WITHOUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];

/** `debian:trixie-slim` and `node:24-trixie-slim`, or another release. */
export async function makeBaseImages(store: ImageStore, release: string): Promise<void> {
  const debian = `docker.io/library/debian:${release}-slim`;
  const archive = join(store.folder, 'debian.tar');
  await runTool('mmdebstrap', [
    '--quiet',
    '--variant=extract',
    `--include=${PACKAGES.join(',')}`,
    ...WITHOUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    release,
    archive,
  ]);
  await commit(store, {from: 'scratch', name: debian}, async (container) => {
    await store.buildah('add', '--quiet', container, archive, '/');
    const passwd = join(store.folder, 'passwd');
    await writeFile(passwd, 'root:x:0:0:root:/root:/bin/sh\n');
    await store.buildah('copy', '--quiet', container, passwd, '/etc/passwd');
  });
  const name = `docker.io/library/node:24-${release}-slim`;
  await commit(store, {from: debian, name}, async (container) => {
    await store.buildah('copy', '--quiet', container, NODE, '/usr/local/bin/node');
    await store.buildah('copy', '--quiet', container, await fetchNpm(store), '/opt/npm');
    const npm = ['ln', '-s', '/opt/npm/bin/npm-cli.js', '/usr/local/bin/npm'];
    await store.buildah('run', container, '--', ...npm);
  });
}

async function commit(
  store: ImageStore,
  {from, name}: {readonly from: string; readonly name: string},
  fill: (container: string) => Promise<void>,
): Promise<void> {
  const container = await store.buildah('from', '--pull-never', from);
  await fill(container);
  await store.buildah('commit', '--quiet', '--rm', container, name);
}

/** npm comes with the official image, but not with node's package. */
async function fetchNpm(store: ImageStore): Promise<string> {
  const folder = join(store.folder, 'npm');
  await mkdir(folder);
  await runTool('npm', ['pack', 'npm@11', '--silent', '--pack-destination', folder]);
  const [archive] = await readdir(folder);
  await runTool('tar', ['-xzf', join(folder, archive!), '-C', folder]);
  await runTool('chmod', ['+x', join(folder, 'package/bin/npm-cli.js')]);
  return join(folder, 'package');
}
