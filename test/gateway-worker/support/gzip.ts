export async function gzip(
  bytes: Uint8Array,
  format: 'gzip' | 'deflate' = 'gzip',
): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
