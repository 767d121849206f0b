import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Answer, between, call, send, startedGateway, startedSandbox, until } from './gateway-world.js';

/**
 * The same calls of a client against the sandbox's Bulk side and against the gateway, which share no code: what a job
 * sees must be the same, and so must what Target holds at the end.
 */

const file = 'batch=thirdPartyId,city,tier\n1,K%C3%B6ln,gold\n2,,\n3,R%2Fo+m\n1,Bonn\n';
const path = '/m2/acme/v2/profile/batchUpdate';

/** What differs from call to call and from server to server. */
function alike({ httpStatus, body }: Answer): Answer {
  return {
    httpStatus,
    body: body
      .replace(/http:\/\/[^/]*/g, 'ORIGIN')
      .replace(/acme-\d{13}-\d+/g, 'ID')
      .replace(/<message>(?!Batch submitted).*<\/message>/, '<message>…</message>'),
  };
}

type Client = (url: string) => Promise<Answer>;

const chunked: Client = (url) =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { method: 'POST' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ httpStatus: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
    for (const byte of file) request.write(byte);
    request.end();
  });

/** Words on the wire; resolves to what comes back, up to the end of the connection. */
async function spoken(url: string, lines: readonly string[], body: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let seen = '';
  let isSent = false;
  for await (const chunk of socket.setEncoding('utf8')) {
    seen += chunk;
    if (!isSent && seen.includes('100 Continue')) {
      isSent = true;
      socket.write(body);
    }
  }
  return seen;
}

function lastAnswer(seen: string): Answer {
  const [, status, body = ''] =
    /HTTP\/1\.1 ([2-5]\d\d) [\s\S]*?\r\n\r\n([\s\S]*)$/.exec(seen.replace(/^HTTP\/1\.1 100[^\r]*\r\n\r\n/, '')) ?? [];
  return { httpStatus: Number(status), body };
}

const expecting: Client = async (url) =>
  lastAnswer(
    await spoken(
      url,
      [
        `POST ${path} HTTP/1.1`,
        `Host: ${new URL(url).host}`,
        'Connection: close',
        'Expect: 100-continue',
        `Content-Length: ${file.length}`,
      ],
      file,
    ),
  );

const http10: Client = async (url) => {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.0\r\nContent-Length: ${file.length}\r\n\r\n${file}`);
  let seen = '';
  for await (const chunk of socket.setEncoding('utf8')) seen += chunk;
  return lastAnswer(seen);
};

function multipart(content: string, name = 'file', fileName: string | null = 'a.csv', again = false): Client {
  const part = (text: string) =>
    `--XX\r\nContent-Disposition: form-data; name="${name}"${fileName === null ? '' : `; filename="${fileName}"`}\r\nContent-Type: text/csv\r\n\r\n${text}\r\n`;
  const other = '--XX\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n';
  const body = `${other}${part(content)}${again ? part(content) : ''}--XX--\r\n`;
  return (url) => send(url, body, { 'content-type': 'multipart/form-data; boundary=XX' });
}

const clients: Readonly<Record<string, Client>> = {
  'a body as curl --data-binary sends it': (url) =>
    send(url, file, { 'content-type': 'application/x-www-form-urlencoded' }),
  'version 1 of the address': (url) => call(url, '/m2/acme/profile/batchUpdate', { method: 'POST', body: file }),
  'a token that nobody asked for': (url) => send(url, file, { authorization: 'Bearer abc' }),
  'CR LF': (url) => send(url, file.replaceAll('\n', '\r\n')),
  'no last line end': (url) => send(url, file.trimEnd()),
  'chunks of one byte': chunked,
  'Expect: 100-continue': expecting,
  'HTTP/1.0 without Host': http10,
  'a multipart file': multipart(file),
  'a multipart file without the name in it': multipart(file.slice(6)),
  'a multipart field called batch': multipart(file, 'batch', null),
  'a form value encoded once more': (url) => send(url, new URLSearchParams({ batch: file.slice(6) }).toString()),
  'a form value with its name encoded once more': (url) => send(url, new URLSearchParams({ batch: file }).toString()),
};

const refusals: Readonly<Record<string, Client>> = {
  'an empty body': (url) => send(url, ''),
  'a body that is not a batch': (url) => send(url, '{"a": 1}'),
  'a header without an id': (url) => send(url, 'batch=foo,bar\n1,2\n'),
  'two files': multipart(file, 'file', 'a.csv', true),
  'multipart without a file': multipart(file, 'note', null),
  'GET of an update': (url) => call(url, path),
  'an unknown batch': (url) => call(url, `/m2/acme/profile/batchStatus?batchId=acme-1701473848678-13029383`),
  'no batch': (url) => call(url, '/m2/acme/profile/batchStatus'),
  'POST of a status': (url) => call(url, '/m2/acme/profile/batchStatus', { method: 'POST', body: '' }),
};

describe('the gateway and the Bulk API of the sandbox', () => {
  it.each(Object.entries(clients))('answer %s alike, and Target holds the same', async (name, client) => {
    const bulk = await startedSandbox();
    if (name.startsWith('version 1')) for (const id of ['1', '3']) bulk.meet('thirdPartyId', id, 'acme');
    const gateway = await startedGateway();
    const [theirs, ours] = [await client(bulk.url), await client(gateway.url)];
    expect(ours.httpStatus).toBe(200);
    expect(alike(ours)).toEqual(alike(theirs));
    expect(alike(await until(ours, 'complete'))).toEqual(alike(await until(theirs, 'complete')));
    const short = (answer: Answer) => call(between(answer.body, 'batchStatus'), '&m2Node=00');
    expect(alike(await short(ours))).toEqual(alike(await short(theirs)));
    for (const id of ['1', '2', '3']) {
      expect(gateway.sandbox.profile('thirdPartyId', id, 'acme'), id).toEqual(bulk.profile('thirdPartyId', id, 'acme'));
    }
    expect(gateway.sandbox.profile('thirdPartyId', '1', 'acme')).toEqual({ city: 'Bonn', tier: 'gold' });
    await gateway.end();
  });

  it('refuse alike', async () => {
    const bulk = await startedSandbox();
    const gateway = await startedGateway();
    for (const [name, client] of Object.entries(refusals)) {
      const ours = await client(gateway.url);
      expect(ours.body, name).toContain('<success>false</success><batchStatus></batchStatus>');
      expect(alike(ours), name).toEqual(alike(await client(bulk.url)));
    }
    await gateway.end();
  });
});
