/** A bound on how many bytes are read from a stream. */

/**
 * Reads `body` to its end. Returns undefined if it has more than `maxBytes`; the rest is then not read, and the stream
 * cancelled. Null counts as an empty body. Rejects if the stream breaks off.
 */
export async function readBounded(
  maxBytes: number,
  body: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body !== null) {
    // A return inside the loop cancels the stream.
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBytes) return undefined;
      chunks.push(chunk);
    }
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
