import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { backoff, type DownloadOptions, download, mirrored } from '../../src/library/download.ts';
import { redirectTarget } from '../../src/library/http.ts';
import { RefusedError } from '../../src/library/http-status.ts';
import { insideFolder } from '../../src/library/inside-folder.ts';
import { HttpServer, type Misbehaviour } from '../helpers/http-server.ts';

const FILE = randomBytes(300_000);
const OTHER = randomBytes(300_000);
const SHA256 = sha256(FILE);
const BY_HAND = 'put the file into ~/models by hand';

let folder: string;
let to: string;
let server: HttpServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-download-'));
  to = join(folder, 'a.bin');
  server = await HttpServer.start();
  server.put('/a.bin', FILE);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await rm(folder, { recursive: true });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Downloads /a.bin, without waiting between attempts. */
function fetchFile(options: Partial<DownloadOptions> = {}): Promise<void> {
  return download({ url: server.url('/a.bin'), to, backoff: () => 1, byHand: BY_HAND, ...options });
}

/** The error, which has to be one for users. */
async function failure(options: Partial<DownloadOptions> = {}): Promise<UserError> {
  const error = await fetchFile(options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

/** The file is right and nothing else is there. */
async function expectRight(): Promise<void> {
  expect(sha256(await readFile(to))).toBe(SHA256);
  expect(await readdir(folder)).toEqual(['a.bin']);
}

const ranges = () => server.requests.map(({ range }) => range);
const partSize = async () => (await stat(`${to}.part`).catch(() => undefined))?.size ?? 0;

/** Leaves the first bytes of the file in a part, as an interrupted download does. */
async function leavePart(
  after: number,
  options: Partial<DownloadOptions> = {},
  misbehaviour: Misbehaviour = {},
): Promise<void> {
  server.first('/a.bin', { ...misbehaviour, stall: after });
  const controller = new AbortController();
  const onProgress = (received: number) => received === after && controller.abort();
  await expect(fetchFile({ ...options, signal: controller.signal, onProgress })).rejects.toThrow(/abort/);
  expect(await readdir(folder)).toEqual(['a.bin.part', 'a.bin.part.json']);
  expect(await partSize()).toBe(after);
  server.reset();
}

describe('a good server', () => {
  test('the file comes whole, with progress, into a folder that is made', async () => {
    const seen: [number, number | undefined][] = [];
    to = join(folder, 'new/folder/a.bin');
    await fetchFile({ sha256: SHA256.toUpperCase(), onProgress: (...now) => seen.push(now) });
    expect(sha256(await readFile(to))).toBe(SHA256);
    expect(await readdir(join(folder, 'new/folder'))).toEqual(['a.bin']);
    expect(seen.at(-1)).toEqual([FILE.length, FILE.length]);
    expect(seen.map(([received]) => received)).toEqual(
      seen.map(([received]) => received).sort((a, b) => a - b),
    );
  });

  test('an empty file', async () => {
    server.put('/a.bin', new Uint8Array());
    await fetchFile();
    expect((await stat(to)).size).toBe(0);
    await rm(to);
    await fetchFile({ bytes: 0, sha256: sha256(new Uint8Array()) });
    expect((await stat(to)).size).toBe(0);
  });

  test.each<[string, Partial<DownloadOptions>, number]>([
    ['nothing known', {}, 0],
    ['the right size', { bytes: FILE.length }, 0],
    ['the right hash', { sha256: SHA256 }, 0],
    ['another size', { bytes: FILE.length - 1 }, 2],
    ['another hash', { sha256: sha256(OTHER) }, 2],
  ])('a file that is there, %s', async (_, known, requests) => {
    await writeFile(to, FILE);
    await writeFile(`${to}.part`, 'left over');
    if (requests === 0) {
      await fetchFile(known);
      await expectRight();
    } else {
      await failure(known);
      expect(sha256(await readFile(to))).toBe(SHA256);
    }
    expect(server.requests).toHaveLength(requests);
  });

  test('a wrong file that is there is replaced', async () => {
    await writeFile(to, OTHER);
    await fetchFile({ sha256: SHA256 });
    await expectRight();
  });

  test('several files share a connection', async () => {
    for (const name of ['a', 'b', 'c']) await fetchFile({ to: join(folder, name) });
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 0]);
  });

  test('two at once come to the same file', async () => {
    server.always('/a.bin', { slow: { size: 50_000, pause: 5 } });
    await Promise.all([fetchFile(), fetchFile({ sha256: SHA256 }), sleep(20).then(() => fetchFile())]);
    await expectRight();
  });
});

test('a part that another process has begun anew meanwhile does not get the name', async () => {
  let replaced = false;
  const onProgress = (received: number) => {
    if (replaced || received < FILE.length) return;
    replaced = true;
    rmSync(`${to}.part`);
    writeFileSync(`${to}.part`, OTHER.subarray(0, 1000));
    writeFileSync(`${to}.part.json`, '{}');
  };
  await fetchFile({ onProgress });
  expect(replaced).toBe(true);
  await expectRight();
});

describe('a file that does not come at once', () => {
  test('errors of the server that pass', async () => {
    server.first('/a.bin', ...[500, 502, 503, 504, 408, 425].map((status) => ({ status })));
    await fetchFile();
    await expectRight();
    expect(server.requests.map(({ status }) => status)).toEqual([500, 502, 503, 504, 408, 425, 200]);
  });

  test('errors of the server that stay', async () => {
    server.always('/a.bin', { status: 503 });
    const waits: number[] = [];
    const error = await failure({ retries: 3, backoff: (attempt) => waits.push(attempt) });
    expect(error.message).toBe(
      `cannot download ${server.url('/a.bin')}: the server answers 503 Service Unavailable`,
    );
    expect(error.hint).toBe(BY_HAND);
    expect(error).toMatchObject({ status: 503 });
    expect(waits).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([404, 403, 401, 410, 206, 416])('%i is final', async (status) => {
    server.always('/a.bin', { status });
    const error = await failure();
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ status, hint: BY_HAND });
    expect(error.message).toContain(`the server answers ${status} `);
    expect(server.requests).toHaveLength(1);
  });

  test('what the server asks to wait is heeded', async () => {
    const soon = new Date(Date.now() + 90_000).toUTCString();
    server.first(
      '/a.bin',
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503, headers: { 'retry-after': soon } },
    );
    const asked: (number | undefined)[] = [];
    await fetchFile({ backoff: (_, retryAfter) => asked.push(retryAfter) });
    expect(asked[0]).toBe(7000);
    expect(Math.round(asked[1]! / 10_000)).toBe(9);
    server.always('/a.bin', { status: 429, headers: { 'retry-after': '3600' } });
    await rm(to);
    expect((await failure()).message).toMatch(/429 Too Many Requests and asks to wait 60 minutes$/);
  });

  test('the wait grows, with some chance, and is at least what the server asks for', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoff(attempt, undefined));
    const longest = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(longest[at] / 2);
      expect(wait).toBeLessThanOrEqual(longest[at]);
    }
    expect(backoff(1, 7000)).toBe(7000);
    expect(new Set(Array.from({ length: 9 }, () => backoff(1, undefined))).size).toBeGreaterThan(1);
  });

  test('slowness is no reason to give up, silence is', async () => {
    server.first('/a.bin', { stall: 100_000 }, { delay: 10_000 }, { slow: { size: 40_000, pause: 80 } });
    await fetchFile({ idleTimeout: 400 });
    await expectRight();
    expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=100000-']);
    server.always('/a.bin', { stall: 0 });
    await rm(to);
    expect((await failure({ idleTimeout: 50, retries: 1 })).message).toMatch(/: nothing came for 0\.05 s$/);
  });

  test('many cuts, as long as it gets further each time', async () => {
    server.misbehave(() => ({ cut: 40_000 }));
    await fetchFile({ retries: 1, sha256: SHA256, bytes: FILE.length });
    await expectRight();
    expect(ranges()).toEqual([
      undefined,
      ...[40, 80, 120, 160, 200, 240, 280].map((thousands) => `bytes=${thousands}000-`),
    ]);
    expect(server.served).toBe(FILE.length);
  });

  test('a server without ranges that always cuts at the same place', async () => {
    server.misbehave(() => ({ cut: 100_000, ranges: false }));
    const error = await failure({ retries: 2 });
    expect(error.message).toMatch(/^cannot download http.*: other side closed$/);
    expect(error.hint).toBe(`what came so far is kept: the same command goes on from there; ${BY_HAND}`);
    expect(server.requests).toHaveLength(3);
    expect(await readdir(folder)).toEqual(['a.bin.part', 'a.bin.part.json']);
  });
});

describe('an interrupted download', () => {
  test('goes on where it was', async () => {
    await leavePart(123_456);
    await fetchFile();
    await expectRight();
    expect(server.requests).toMatchObject([{ range: 'bytes=123456-', status: 206 }]);
    expect(server.requests[0].ifRange).toMatch(/^"\w+"$/);
    expect(server.served).toBe(FILE.length - 123_456);
  });

  test('by the time of the last change, where there is no strong ETag', async () => {
    const weak = { headers: { etag: 'W/"weak"' } };
    await leavePart(1000, {}, weak);
    server.misbehave(() => weak);
    await fetchFile();
    await expectRight();
    expect(server.requests).toMatchObject([{ ifRange: 'Wed, 01 Jan 2020 00:00:00 GMT', status: 206 }]);
  });

  test.each<[string, Partial<DownloadOptions>, number]>([
    ['starts anew without a hash', {}, FILE.length],
    ['goes on with one', { sha256: SHA256 }, FILE.length - 1000],
  ])('where nothing tells versions apart it %s', async (_, known, served) => {
    const bare = { headers: { etag: undefined, 'last-modified': undefined } };
    await leavePart(1000, known, bare);
    server.misbehave(() => bare);
    await fetchFile(known);
    await expectRight();
    expect(server.served).toBe(served);
  });

  test.each([true, false])(
    'starts anew when the file has changed (If-Range is heeded: %s)',
    async (heeded) => {
      server.put('/a.bin', OTHER);
      await leavePart(1000);
      server.put('/a.bin', FILE);
      if (!heeded) server.misbehave(() => ({ ifRange: false }));
      await fetchFile();
      await expectRight();
    },
  );

  test.each<[string, Misbehaviour, (string | undefined)[]]>([
    ['knows no ranges', { ranges: false }, ['bytes=1000-']],
    [
      'sends another range',
      { headers: { 'content-range': 'bytes 0-298999/300000' } },
      ['bytes=1000-', undefined],
    ],
    [
      'tells another size',
      { headers: { 'content-range': 'bytes 1000-299999/300001' } },
      ['bytes=1000-', undefined],
    ],
    ['sends a strange range', { headers: { 'content-range': 'lines 1-2' } }, ['bytes=1000-', undefined]],
    ['tells no range', { headers: { 'content-range': undefined } }, ['bytes=1000-', undefined]],
    ['answers 416', { status: 416 }, ['bytes=1000-', undefined]],
  ])('starts anew when the server %s', async (_, misbehaviour, asked) => {
    await leavePart(1000);
    server.first('/a.bin', misbehaviour);
    await fetchFile();
    await expectRight();
    expect(ranges()).toEqual(asked);
  });

  test('asks for nothing when all is there, and for the whole when there is too much', async () => {
    await leavePart(1000);
    await writeFile(`${to}.part`, FILE);
    await fetchFile();
    await expectRight();
    expect(server.requests).toEqual([]);

    await writeFile(`${to}.part`, Buffer.concat([FILE, FILE]));
    await rm(to);
    await fetchFile({ sha256: SHA256, bytes: FILE.length });
    await expectRight();
    expect(ranges()).toEqual([undefined]);
  });

  test('trusts a part of unknown origin only with a hash', async () => {
    await writeFile(`${to}.part`, OTHER.subarray(0, 1000));
    await fetchFile();
    await expectRight();
    expect(ranges()).toEqual([undefined]);
    await rm(to);
    await writeFile(`${to}.part`, FILE.subarray(0, 1000));
    await writeFile(`${to}.part.json`, '{"url": "http');
    await fetchFile({ sha256: SHA256 });
    await expectRight();
    expect(ranges()).toEqual([undefined, 'bytes=1000-']);
  });

  test('goes on at a mirror, where the hash is known', async () => {
    await leavePart(1000);
    server.put('/mirror/a.bin', FILE);
    await fetchFile({ url: mirrored('https://example.org/x/a.bin', server.url('/mirror')), sha256: SHA256 });
    await expectRight();
    expect(server.requests).toMatchObject([
      { path: '/mirror/a.bin', range: 'bytes=1000-', ifRange: undefined },
    ]);
  });

  test('a signal that is there already, or comes while it waits, or while it reads', async () => {
    const reason = new Error('enough');
    await expect(fetchFile({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toEqual([]);
    server.always('/a.bin', { status: 500 });
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(reason), 50);
    await expect(fetchFile({ signal: waiting.signal, backoff: () => 60_000 })).rejects.toBe(reason);
    const reading = new AbortController();
    server.always('/a.bin', { delay: 60_000 });
    setTimeout(() => reading.abort(reason), 50);
    await expect(fetchFile({ signal: reading.signal })).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a wrong file', () => {
  test('is tried once more from the beginning', async () => {
    server.first('/a.bin', { spoilt: true });
    await fetchFile({ sha256: SHA256, bytes: FILE.length });
    await expectRight();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  test('a wrong first half is found, and not kept', async () => {
    await writeFile(`${to}.part`, OTHER.subarray(0, 150_000));
    await fetchFile({ sha256: SHA256 });
    await expectRight();
    expect(ranges()).toEqual(['bytes=150000-', undefined]);
  });

  test('never gets the name', async () => {
    server.put('/a.bin', OTHER);
    const error = await failure({ sha256: SHA256, bytes: FILE.length });
    expect(error.message).toBe(`expected a.bin to have the SHA-256 ${SHA256} but got ${sha256(OTHER)}`);
    expect(error.hint).toMatch(/^http.*\/a\.bin is not the file that is meant: .* mirror/);
    expect(server.requests).toHaveLength(2);
    expect(await readdir(folder)).toEqual([]);
  });

  test('a wrong size is found before the bytes come, and costs none of those that are there', async () => {
    await leavePart(1000);
    server.misbehave(() => ({ ranges: false }));
    server.put('/a.bin', Buffer.from('<h1>Please log in</h1>'));
    const error = await failure({ bytes: FILE.length });
    expect(error.message).toBe('expected a.bin to have 300000 bytes but got 22');
    expect(await partSize()).toBe(1000);
  });

  test('a body without an end is not written to the disk', async () => {
    server.put('/a.bin', Buffer.concat([FILE, FILE, FILE]));
    server.misbehave(() => ({ chunked: true }));
    expect((await failure({ bytes: FILE.length })).message).toBe(
      'expected a.bin to have 300000 bytes but got more',
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('how a body ends', () => {
  test('a Content-Length that is too long', async () => {
    server.always('/a.bin', { lengthOff: 10, ranges: false });
    expect((await failure({ retries: 1 })).message).toMatch(/other side closed$/);
    expect(await readdir(folder)).toEqual(['a.bin.part', 'a.bin.part.json']);
  });

  test('a Content-Length that is too short', async () => {
    server.first('/a.bin', { lengthOff: -10 });
    await fetchFile({ sha256: SHA256 });
    await expectRight();
  });

  test.each<[string, Misbehaviour]>([
    ['chunks', { chunked: true }],
    ['gzip', { gzip: true }],
    ['gzip in chunks', { gzip: true, chunked: true }],
  ])('%s tell it', async (_, misbehaviour) => {
    server.first('/a.bin', { ...misbehaviour, cut: 100_000 });
    server.always('/a.bin', misbehaviour);
    server.first('/a.bin', { ...misbehaviour, cut: 100_000 });
    await fetchFile();
    await expectRight();
    expect(server.requests.length).toBeGreaterThan(1);
  });

  test('a body that just ends is only taken when something is known of the file', async () => {
    const answer = `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(1000)}`;
    const old = createServer((socket) => socket.once('data', () => socket.end(answer))).listen(
      0,
      '127.0.0.1',
    );
    await once(old, 'listening');
    const url = `http://127.0.0.1:${(old.address() as { port: number }).port}/a.bin`;
    expect((await failure({ url })).message).toContain("the server doesn't say how long it is");
    const error = await failure({ url, bytes: 1001, retries: 1 });
    expect(error.message).toContain('the answer ended after 1000 of 1001 bytes');
    await fetchFile({ url, bytes: 1000 });
    expect((await stat(to)).size).toBe(1000);
    old.close();
  });

  test('a compression that nobody asked for', async () => {
    server.always('/a.bin', { headers: { 'content-encoding': 'br' } });
    expect((await failure()).message).toBe(
      'expected a file as it is or in gzip but the server sends it in br',
    );
  });
});

describe('addresses', () => {
  test('redirects are followed', async () => {
    server.always('/old', { redirect: server.url('/a.bin') });
    server.always('/older', { redirect: 'old' });
    await fetchFile({ url: server.url('/older') });
    await expectRight();
  });

  test('an interrupted download goes through redirects again', async () => {
    server.always('/old', { redirect: '/a.bin' });
    server.first('/a.bin', { cut: 1000 });
    await fetchFile({ url: server.url('/old') });
    await expectRight();
    expect(ranges()).toEqual([undefined, undefined, 'bytes=1000-', 'bytes=1000-']);
  });

  test('circles and chains are not', async () => {
    server.always('/a.bin', { redirect: '/b' });
    server.always('/b', { redirect: '/a.bin' });
    expect((await failure()).message).toBe(
      `cannot download ${server.url('/a.bin')}: it redirects in a circle`,
    );
    server.misbehave((path) => ({ redirect: `${path}x` }));
    expect((await failure()).message).toMatch(/it redirects more than 5 times$/);
    expect(server.requests).toHaveLength(2 + 6);
    server.always('/a.bin', { redirect: 'http://[' });
    expect((await failure()).message).toMatch(/it redirects to http:\/\/\[$/);
    server.always('/a.bin', { redirect: 'ftp://example.org/a' });
    expect((await failure()).message).toMatch(/expected an address such as https.* but got ftp:/);
  });

  test('a redirect to plain http', async () => {
    const secure = new URL('https://example.org/a');
    expect(redirectTarget(secure, '/b', false).href).toBe('https://example.org/b');
    for (const to of ['http://example.org/a', 'http://localhost/a']) {
      expect(() => redirectTarget(secure, to, true)).toThrow(/expected a redirect to https but got http:/);
    }
    const plain = new URL('http://example.org/a');
    expect(redirectTarget(plain, 'http://example.org/b', true).href).toBe('http://example.org/b');
    server.always('/a.bin', { redirect: 'http://example.org/a' });
    expect((await failure()).message).toBe('expected an https address but got http://example.org/a');
  });

  test.each([
    ['http://example.org/a', /^expected an https address but got http:\/\/example\.org\/a$/],
    ['file:///etc/passwd', /^expected an address such as https.* but got file:/],
    ['a.bin', /^expected an address such as https.* but got a\.bin$/],
    ['https://me:secret@example.org/a', /^expected an address without a user name .* at example\.org$/],
  ])('%s is refused', async (url, message) => {
    expect((await failure({ url })).message).toMatch(message);
  });

  test('mirrors', () => {
    const url = 'https://example.org/x/y/vgg16%2012.onnx?download=true';
    expect(mirrored(url, 'https://mirror.org')).toBe('https://mirror.org/vgg16%2012.onnx');
    expect(mirrored(url, 'http://mirror.org/a/b/')).toBe('http://mirror.org/a/b/vgg16%2012.onnx');
    expect(mirrored(url, 'http://mirror.org/a/b?key=1')).toBe('http://mirror.org/a/b/vgg16%2012.onnx?key=1');
    expect(() => mirrored(url, 'mirror.org')).toThrow(UserError);
  });

  test('nobody there', async () => {
    const url = server.url('/a.bin');
    const { port } = new URL(url);
    await server.close();
    const started = Date.now();
    const error = await failure({ url, backoff });
    expect(error.message).toBe(`cannot reach 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`);
    expect(error.hint).toBe(BY_HAND);
    expect(Date.now() - started).toBeLessThan(2000);
    const unknown = await failure({ url: 'https://no-such-host.invalid/a' });
    expect(unknown.message).toMatch(/^cannot reach no-such-host\.invalid: /);
    server = await HttpServer.start();
  });
});

describe('proxies of the environment', () => {
  /** A proxy that passes on plain requests and refuses tunnels; gives what it was asked. */
  async function withProxy(action: (address: string) => Promise<void>): Promise<string[]> {
    const asked: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        const [line] = data.toString('latin1').split('\r\n');
        asked.push(line);
        const isTunnel = line.startsWith('CONNECT');
        const body = isTunnel ? Buffer.alloc(0) : FILE;
        socket.write(
          `HTTP/1.1 ${isTunnel ? '407 Who are you' : '200 OK'}\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        socket.end(body);
      });
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    await action(`127.0.0.1:${(proxy.address() as { port: number }).port}`);
    proxy.close();
    return asked;
  }

  /** The module as it is in a process that is started with this environment. */
  async function downloadWith(environment: Record<string, string>): Promise<typeof download> {
    for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.resetModules();
    return (await import('../../src/library/download.ts')).download;
  }

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const options = () => ({ url: 'http://models.invalid/a.bin', to, allowHttp: true, backoff: () => 1 });

  test('plain http is asked of the proxy outright', async () => {
    const asked = await withProxy(async (address) => {
      const download = await downloadWith({ HTTP_PROXY: address });
      await download({ ...options(), sha256: SHA256 });
    });
    await expectRight();
    expect(asked).toEqual(['GET http://models.invalid/a.bin HTTP/1.1']);
  });

  test('https goes through a tunnel', async () => {
    const asked = await withProxy(async (address) => {
      const download = await downloadWith({ HTTPS_PROXY: `http://${address}` });
      const outcome = download({ ...options(), url: 'https://models.invalid/a.bin' });
      await expect(outcome).rejects.toThrow('cannot reach models.invalid: the proxy answers 407');
    });
    expect(asked[0]).toBe('CONNECT models.invalid:443 HTTP/1.1');
  });

  test('NO_PROXY and this machine are asked without', async () => {
    const asked = await withProxy(async (address) => {
      const download = await downloadWith({ HTTP_PROXY: address, NO_PROXY: 'a.org,models.invalid' });
      await download({ ...options(), url: server.url('/a.bin') });
      await expectRight();
      const outcome = download({ ...options(), to: `${to}2` });
      await expect(outcome).rejects.toThrow(/^cannot reach models\.invalid: /);
    });
    expect(asked).toEqual([]);
  });

  test('a proxy that is none', async () => {
    const download = await downloadWith({ HTTP_PROXY: 'ftp://me:secret@proxy' });
    await expect(download(options())).rejects.toThrow(
      /^expected HTTP_PROXY to be an address such as .* got proxy$/,
    );
  });
});

describe('files', () => {
  test('a full disk', async () => {
    const handle = await open(join(folder, 'any'), 'w');
    await handle.close();
    await rm(join(folder, 'any'));
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const handles = Object.getPrototypeOf(handle) as { write(...args: unknown[]): Promise<unknown> };
    const { write } = handles;
    vi.spyOn(handles, 'write').mockImplementation(function (this: typeof handles, ...args) {
      return Number(args[3]) > 100_000 ? Promise.reject(full) : write.apply(this, args);
    });
    server.always('/a.bin', { slow: { size: 20_000, pause: 2 } });
    const error = await failure();
    expect(error.message).toBe(`cannot write ${to}.part: the disk is full`);
    expect(error.hint).toMatch(/^what came so far is kept: make room/);
    vi.restoreAllMocks();
    expect(await partSize()).toBeGreaterThan(100_000);
    await fetchFile();
    await expectRight();
    expect(server.requests[1].range).toMatch(/^bytes=1\d{5}-$/);
  });

  test('places where nothing can be written', async () => {
    await mkdir(`${to}.part`);
    expect((await failure()).message).toMatch(/^cannot write .*a\.bin\.part: EISDIR/);
    await mkdir(to);
    expect((await failure()).message).toBe(`expected ${to} to be a file but got something else`);
    await writeFile(join(folder, 'file'), '');
    const error = await failure({ to: join(folder, 'file/a.bin') });
    expect(error.message).toMatch(/^cannot write .*file\/a\.bin\.part: E/);
  });

  test('names from lists and archives stay inside', () => {
    expect(insideFolder('/models/vgg', 'a/./b..c/model.json')).toBe('/models/vgg/a/b..c/model.json');
    for (const name of [
      ...[
        '../a',
        'a/../../b',
        'a/..',
        '..',
        '/etc/passwd',
        '//host/a',
        'C:/a',
        'c:a',
        '..\\a',
        'a\\b',
        'a\0b',
      ],
      ...['', '.', './', 'a/..//../b'],
    ]) {
      expect(() => insideFolder('/models/vgg', name), name).toThrow(
        /^expected a file name that stays inside \/models/,
      );
    }
  });
});

describe('kill -9', () => {
  const module = new URL('../../src/library/download.ts', import.meta.url).href;
  const script = `const { download } = await import('${module}'); await download(JSON.parse(process.argv[1]));`;
  const tsx = import.meta.resolve('tsx');

  /** Downloads in a process of its own, which is killed when the part has so many bytes. */
  async function killedAt(bytes: number, known: Partial<DownloadOptions>): Promise<void> {
    const options = JSON.stringify({ url: server.url('/a.bin'), to, ...known });
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script, options], {
      stdio: 'inherit',
    });
    const ended = once(child, 'exit');
    while ((await partSize()) < bytes && child.exitCode === null) await sleep(1);
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  }

  test.each<[string, Partial<DownloadOptions>, number[]]>([
    ['with nothing known', {}, [50_000, 150_000]],
    ['with a known hash', { sha256: SHA256, bytes: FILE.length }, [100_000]],
  ])('and only the rest is fetched, %s', async (_, known, moments) => {
    // It flows when it is killed, however late that is.
    server.always('/a.bin', { slow: { size: 5000, pause: 2 }, stall: 145_000 });
    for (const bytes of moments) await killedAt(bytes, known);
    const there = await partSize();
    expect(await readdir(folder)).toEqual(['a.bin.part', 'a.bin.part.json']);
    server.reset();
    await fetchFile(known);
    await expectRight();
    expect(there).toBeGreaterThanOrEqual(moments.at(-1)!);
    expect(server.requests).toMatchObject([{ range: `bytes=${there}-`, served: FILE.length - there }]);
  });
});
