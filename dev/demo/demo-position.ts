import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as z from 'zod';

const Position = z.object({weatherSteps: z.int().min(0), deliveries: z.int().min(0)});
type Position = z.infer<typeof Position>;

/** How much of the demo's input was sent and answered, in `<state dir>/demo.json`, so that the next start goes on there. */
export class DemoPosition {
  readonly #path: string;
  #position: Position;

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'demo.json');
    this.#position = readPosition(this.#path);
  }

  get weatherSteps(): number {
    return this.#position.weatherSteps;
  }

  get deliveries(): number {
    return this.#position.deliveries;
  }

  set(change: Partial<Position>): void {
    this.#position = {...this.#position, ...change};
    writeFileSync(`${this.#path}.next`, JSON.stringify(this.#position));
    renameSync(`${this.#path}.next`, this.#path);
  }
}

function readPosition(path: string): Position {
  try {
    return Position.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {weatherSteps: 0, deliveries: 0};
  }
}
