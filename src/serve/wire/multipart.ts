import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';

/** A body that says it is multipart and is not, or that has not exactly one file in it. */
export class MultipartError extends Error {}

/** The content type of a multipart body; `null`: it is not one. */
export function multipartType(contentType: string | undefined): string | null {
  return contentType !== undefined && /^multipart\/form-data\s*;/i.test(contentType) ? contentType : null;
}

/**
 * The one file part of a multipart body, as it comes; other fields are passed over. A part without a file name counts if
 * it is called `batch`. @throws MultipartError, and what reading `body` throws.
 */
export async function* filePart(
  body: AsyncIterable<Buffer>,
  headers: IncomingHttpHeaders,
  contentType: string,
): AsyncGenerator<Buffer, void, void> {
  const parser = parserFor(headers, contentType);
  const source = Readable.from(body, { objectMode: false });
  const parts: Readable[] = [];
  const firstPart = new Promise<void>((resolve) => {
    parser.on('file', (_name: string, part: BusboyFileStream) => {
      part.on('error', () => {}); // `end` says it
      parts.push(part);
      if (parts.length > 1) part.resume();
      resolve();
    });
  });
  const end = new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve);
    parser.once('error', () => reject(new MultipartError()));
    source.once('error', (error) => {
      reject(error);
      for (const part of parts) part.destroy(error);
    });
  });
  end.catch(() => {}); // it is awaited below, and may have failed before
  try {
    source.pipe(parser);
    await Promise.race([firstPart, end]);
    const [part] = parts;
    if (part === undefined) throw new MultipartError();
    try {
      for await (const chunk of part) yield Buffer.from(chunk);
    } catch {
      await end;
      throw new MultipartError();
    }
    await end;
    if (parts.length !== 1) throw new MultipartError();
  } finally {
    source.destroy();
  }
}

function parserFor(headers: IncomingHttpHeaders, contentType: string): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': contentType },
      isPartAFile: (name, _type, fileName) => fileName !== undefined || name === 'batch',
      limits: { fields: 20, fieldSize: 65_536, parts: 30, headerPairs: 50 },
    });
  } catch {
    throw new MultipartError(); // no boundary
  }
}
