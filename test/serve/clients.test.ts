import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/index.js';
import { between, call, startedGateway } from './gateway-world.js';

/** Jobs as they are written: each client that is on this machine. Set PROFILE_DRIP_CLIENTS=java to try Java too. */

const run = promisify(execFile);
const isThere = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

const path = '/m2/acme/v2/profile/batchUpdate';
const content = 'batch=thirdPartyId,city\n1,K%C3%B6ln\n2,R%C3%B3m\n';

async function batchFile(): Promise<string> {
  const file = join(await temporaryFolder(), 'batch.csv');
  writeFileSync(file, content);
  return file;
}

/** What a job prints is the reply to its batch. */
async function expectSent(send: (url: string, file: string) => Promise<string>): Promise<void> {
  const world = await startedGateway();
  const body = await send(world.url, await batchFile());
  expect(body).toContain('<success>true</success>');
  for (;;) {
    const status = await call(between(body, 'batchStatus'), '&showDetails=true');
    if (between(status.body, 'status') === 'complete') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(world.sandbox.profile('thirdPartyId', '1', 'acme')).toEqual({ city: 'Köln' });
  expect(world.sandbox.profile('thirdPartyId', '2', 'acme')).toEqual({ city: 'Róm' });
  await world.end();
}

describe.skipIf(!isThere('curl', '--version'))('curl', () => {
  it.each([
    ['--data-binary', (file: string) => ['--data-binary', `@${file}`]],
    ['--data-binary in chunks', (file: string) => ['-H', 'Transfer-Encoding: chunked', '--data-binary', `@${file}`]],
    ['with Expect', (file: string) => ['-H', 'Expect: 100-continue', '--data-binary', `@${file}`]],
    ['-F', (file: string) => ['-F', `batch=@${file}`]],
    ['--upload-file by POST', (file: string) => ['-X', 'POST', '-T', file]],
    ['--http1.0', (file: string) => ['--http1.0', '--data-binary', `@${file}`]],
    ['with gzip asked for', (file: string) => ['--compressed', '--data-binary', `@${file}`]],
  ])('%s', (_what, args) =>
    expectSent(async (url, file) => (await run('curl', ['-s', '--noproxy', '*', ...args(file), url + path])).stdout),
  );
});

const urllib = `
import sys, urllib.request
url, file = sys.argv[1:]
request = urllib.request.Request(url, data=open(file, 'rb'), method='POST')
request.add_header('Content-Type', 'application/x-www-form-urlencoded')
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(request).read().decode())
`;
const httpClient = `
import sys, http.client, urllib.parse
url, file = sys.argv[1:]
parts = urllib.parse.urlsplit(url)
connection = http.client.HTTPConnection(parts.netloc)
with open(file, 'rb') as batch:
    connection.request('POST', parts.path, body=batch, encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})
print(connection.getresponse().read().decode())
`;
const encodedForm = `
import sys, urllib.request, urllib.parse
url, file = sys.argv[1:]
body = urllib.parse.urlencode({'batch': open(file).read()}).encode()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(url, data=body).read().decode())
`;

describe.skipIf(!isThere('python3', '--version'))('Python', () => {
  it.each([
    ['urllib', urllib],
    ['http.client in chunks', httpClient],
    ['urllib with an encoded form', encodedForm],
  ])('%s', (_what, script) =>
    expectSent(async (url, file) => (await run('python3', ['-c', script, url + path, file])).stdout),
  );
});

const java = `
import java.io.*; import java.net.*; import java.nio.file.*;
public class Send {
  public static void main(String[] args) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) new URL(args[0]).openConnection(Proxy.NO_PROXY);
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    if (args[2].equals("chunked")) connection.setChunkedStreamingMode(1024);
    try (OutputStream out = connection.getOutputStream()) { Files.copy(Path.of(args[1]), out); }
    InputStream in = connection.getResponseCode() < 400 ? connection.getInputStream() : connection.getErrorStream();
    System.out.println(new String(in.readAllBytes(), "UTF-8"));
  }
}
`;

describe.skipIf(process.env.PROFILE_DRIP_CLIENTS !== 'java')('Java', () => {
  it.each(['whole', 'chunked'])('HttpURLConnection, %s', (way) =>
    expectSent(async (url, file) => {
      const source = join(await temporaryFolder(), 'Send.java');
      writeFileSync(source, java);
      return (await run('java', [source, url + path, file, way])).stdout;
    }),
  );
});

describe('Node.js', () => {
  it('fetch with a form', () =>
    expectSent(async (url) => {
      const form = new FormData();
      form.append('file', new Blob([content]), 'batch.csv');
      return (await fetch(url + path, { method: 'POST', body: form })).text();
    }));

  it('fetch with parameters', () =>
    expectSent(async (url) => {
      const body = new URLSearchParams({ batch: content.slice('batch='.length) });
      return (await fetch(url + path, { method: 'POST', body })).text();
    }));
});
