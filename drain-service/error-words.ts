const MAX_ERRORS = 64;

/**
 * All that an error, its causes and the errors it is made of say of themselves. A client puts Kafka's own name of an error
 * (`MESSAGE_TOO_LARGE`) into one of these fields, somewhere in there.
 */
export function errorWords(error: unknown): string {
  const words: string[] = [];
  const left = [error];
  for (let seen = 0; left.length > 0 && seen < MAX_ERRORS; seen++) {
    const part = left.pop();
    if (typeof part !== 'object' || part === null) continue;
    const {name, message, code, type, apiId, cause, errors} = part as Record<string, unknown>;
    for (const word of [name, message, code, type, apiId])
      if (typeof word === 'string') words.push(word);
    left.push(cause, ...(Array.isArray(errors) ? errors : []));
  }
  return words.join('\n');
}
