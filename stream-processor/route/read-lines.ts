/** A longer line is none of ours: a snapshot has a few MB at most. */
const MAX_LINE_CHARS = 67_108_864;

/** The lines of a body, without their ends, as they come. Leaving the loop cancels the body. */
export async function* readLines({body}: Response): AsyncGenerator<string> {
  if (body === null) return;
  let held = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    held += text;
    if (!held.includes('\n')) {
      if (held.length > MAX_LINE_CHARS) throw new Error('a line has no end');
      continue;
    }
    const lines = held.split('\n');
    held = lines.pop()!;
    yield* lines;
  }
}
