/** What happens, apart from the result, which goes to standard output. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
