import { brotliDecompressSync, gunzipSync, inflateSync, constants as zlib } from 'node:zlib';

/** Some servers compress a reply that nobody asked to be compressed: its text, or `null` where it cannot be decoded. */
export function decodedBody(bytes: Buffer, encoding: string, bytesMax: number): Buffer | null {
  const options = { maxOutputLength: bytesMax, finishFlush: zlib.Z_SYNC_FLUSH };
  try {
    switch (encoding.trim().toLowerCase()) {
      case '':
      case 'identity':
        return bytes;
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, options);
      case 'deflate':
        return inflateSync(bytes, options);
      case 'br':
        return brotliDecompressSync(bytes, { maxOutputLength: bytesMax });
      default:
        return null;
    }
  } catch {
    return null; // broken, or larger than any reply of this API
  }
}
