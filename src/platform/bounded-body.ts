/** A bound on how many bytes are read from a stream. */

/** The bytes of `body`, or undefined if they are more than `most`: then the rest is not read. */
export async function readBounded(
  most: number,
  body: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body !== null) {
    // Leaving the loop early cancels the stream.
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > most) return undefined;
      chunks.push(chunk);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
