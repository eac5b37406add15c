import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as z from 'zod';
import {runTool} from './run-tool.ts';

/** What an image says about how it is run, as `docker inspect` shows it. */
const ImageConfig = z.object({
  User: z.string(),
  WorkingDir: z.string(),
  StopSignal: z.string(),
  Env: z.array(z.string()),
  Entrypoint: z.array(z.string()),
  Healthcheck: z.object({Test: z.array(z.string())}),
  ExposedPorts: z.record(z.string(), z.object()),
  Volumes: z.record(z.string(), z.object()).nullish(),
  Labels: z.record(z.string(), z.string()),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

const Inspected = z.object({Docker: z.object({config: ImageConfig})});

/** A folder of its own for images and containers, gone with all that is in it at the end. */
export class ImageStore {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<ImageStore> {
    return new ImageStore(await mkdtemp(join(tmpdir(), 'forebay-images-')));
  }

  /** Builds with chroot instead of namespaces, which works inside a container, too. */
  async buildah(...args: readonly string[]): Promise<string> {
    const place = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')];
    const env = {BUILDAH_ISOLATION: 'chroot', TMPDIR: this.folder};
    return (await runTool('buildah', [...place, ...args], env)).trim();
  }

  /** The image's files, as a folder. */
  async mount(image: string): Promise<string> {
    return await this.buildah('mount', await this.buildah('from', '--pull-never', image));
  }

  async config(image: string): Promise<ImageConfig> {
    const text = await this.buildah('inspect', '--type', 'image', image);
    return Inspected.parse(JSON.parse(text)).Docker.config;
  }

  /** Everything, also what is mounted. */
  async end(): Promise<void> {
    try {
      await this.buildah('umount', '--all');
      await this.buildah('rm', '--all');
    } finally {
      await rm(this.folder, {recursive: true, force: true});
    }
  }
}
