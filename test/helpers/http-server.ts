import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/**
 * How an answer differs from a good server's. Some can be combined: `{ ranges: false, cut: 1000 }`. Counts of
 * bytes are those of the body of this answer, so that of a range begins at 0 too.
 */
export interface Misbehaviour {
  /** Answers with this status and a page of HTML instead of the file: 404, 500, 429 (see `headers`). */
  readonly status?: number;
  /** Headers to add or replace: `{ 'retry-after': '1' }`. One that is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Redirects to this address; its own path makes a loop. */
  readonly redirect?: string;
  /** Waits for so many milliseconds before the first byte, headers included. */
  readonly delay?: number;
  /** Sends the body in pieces of `size` bytes with `pause` milliseconds behind each. */
  readonly slow?: { readonly size: number; readonly pause: number };
  /** Sends so many bytes of those that there are, and keeps the connection if some are left. */
  readonly stall?: number;
  /** Sends so many bytes, then closes the connection if some are left. */
  readonly cut?: number;
  /** Says that the body is so many bytes longer (or, negative, shorter) than it is. */
  readonly lengthOff?: number;
  /** Sends other bytes than the file's, as many. */
  readonly spoilt?: true;
  /** Sends the whole file where a range is asked for. */
  readonly ranges?: false;
  /** Sends a range whether or not the file is still the one that If-Range names. */
  readonly ifRange?: false;
  /** Sends the body in chunks, without a Content-Length. */
  readonly chunked?: true;
  /** Compresses the body although nobody asked for it. */
  readonly gzip?: true;
}

/** A request that was answered, or is just being. */
export interface SeenRequest {
  readonly path: string;
  /** Number of the connection that it came by, from 0. */
  readonly connection: number;
  /** Its Range header, and If-Range. */
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  status: number;
  /** Bytes of the body that were handed to the system. */
  served: number;
}

/** Decides on a request for a path: `nth` counts the requests for it from 0, `nthOfAll` all of the server. */
export type Rule = (path: string, nth: number, nthOfAll: number) => Misbehaviour | undefined;

/**
 * A server on 127.0.0.1 with files from memory or a folder: GET and HEAD, one range, If-Range, ETag (the hash of
 * the bytes), Last-Modified. It behaves until it is told otherwise:
 *
 *     const server = await HttpServer.start({ folder });
 *     server.put('/a.bin', bytes);
 *     server.first('/a.bin', { cut: 1000 }, { status: 500 }); // the third request gets the file
 *     server.always('/b.jpg', { status: 404 });
 *     server.misbehave((path, nth) => (nth === 0 && path.endsWith('.jpg') ? { spoilt: true } : undefined));
 *     ... await download({ url: server.url('/a.bin'), ... })
 *     server.requests.map(({ path, range, served }) => ...)
 *     await server.close();
 */
export class HttpServer {
  /** All requests so far, in their order. */
  readonly requests: SeenRequest[] = [];
  private readonly files = new Map<string, Uint8Array>();
  private rules: Rule[] = [];
  private port = 0;
  private readonly folder: string | undefined;
  private readonly counts = new Map<string, number>();
  private readonly connections = new Map<Socket, number>();
  private readonly server = createServer((request, response) => {
    // A client that goes away in the middle is what these tests are about.
    this.answer(request, response).catch(() => response.destroy());
  });

  private constructor(folder?: string) {
    this.folder = folder;
  }

  /** @param options.folder whose files are served, besides those that are `put` */
  static async start({ folder }: { folder?: string } = {}): Promise<HttpServer> {
    const server = new HttpServer(folder);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    server.port = (server.server.address() as AddressInfo).port;
    return server;
  }

  /** The address of a path: `http://127.0.0.1:<port>/a.bin`. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Serves these bytes, from now on. */
  put(path: string, bytes: Uint8Array): void {
    this.files.set(path, bytes);
  }

  /** Misbehaves by a rule; of several that apply the latest holds. */
  misbehave(rule: Rule): void {
    this.rules.unshift(rule);
  }

  /** Misbehaves at the next requests for a path, in turn. */
  first(path: string, ...misbehaviours: Misbehaviour[]): void {
    const from = this.counts.get(path) ?? 0;
    this.misbehave((asked, nth) => (asked === path ? misbehaviours[nth - from] : undefined));
  }

  /** Misbehaves at each request for a path. */
  always(path: string, misbehaviour: Misbehaviour): void {
    this.misbehave((asked) => (asked === path ? misbehaviour : undefined));
  }

  /** Forgets all rules and requests; the files stay. */
  reset(): void {
    this.rules = [];
    this.counts.clear();
    this.requests.length = 0;
  }

  /** Bytes of bodies that were served since the start or `reset`. */
  get served(): number {
    return this.requests.reduce((sum, { served }) => sum + served, 0);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { range, 'if-range': ifRange } = request.headers as Record<string, string | undefined>;
    const path = decodeURIComponent(new URL(request.url!, 'http://host').pathname);
    const nth = this.counts.get(path) ?? 0;
    this.counts.set(path, nth + 1);
    const connection = this.connections.get(request.socket) ?? this.connections.size;
    this.connections.set(request.socket, connection);
    const seen: SeenRequest = { path, connection, range, ifRange, status: 0, served: 0 };
    const how = this.rules.map((rule) => rule(path, nth, this.requests.length)).find(Boolean) ?? {};
    this.requests.push(seen);
    if (how.delay !== undefined) await sleep(how.delay);
    const good = await this.goodAnswer(path, range, ifRange, how);
    const headers = { ...good.headers, ...how.headers };
    const length = String(good.body.length + (how.lengthOff ?? 0));
    if (!how.chunked) headers['content-length'] ??= length;
    seen.status = good.status;
    const present = Object.entries(headers).filter(([, value]) => value !== undefined);
    response.writeHead(good.status, Object.fromEntries(present));
    response.flushHeaders();
    if (request.method !== 'HEAD') await send(response, good.body, how, seen);
  }

  private async goodAnswer(
    path: string,
    range: string | undefined,
    ifRange: string | undefined,
    how: Misbehaviour,
  ): Promise<{ status: number; headers: Record<string, string | undefined>; body: Uint8Array }> {
    const page = (status: number, headers = {}) => ({
      status,
      headers: { 'content-type': 'text/html', ...headers },
      body: Buffer.from(`<h1>${status}</h1>`),
    });
    if (how.redirect !== undefined) return page(302, { location: how.redirect });
    if (how.status !== undefined) return page(how.status);
    const file = await this.read(path);
    if (!file) return page(404);
    const etag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
    const shown = how.spoilt ? file.map((byte) => byte ^ 0x55) : file;
    const headers = { etag, 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT', 'accept-ranges': 'bytes' };
    if (how.gzip) {
      return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(shown) };
    }
    const isSame = ifRange === undefined || ifRange === etag || ifRange === headers['last-modified'];
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    if (from === undefined || how.ranges === false || (!isSame && how.ifRange !== false)) {
      return { status: 200, headers, body: shown };
    }
    if (Number(from) >= shown.length) return page(416, { 'content-range': `bytes */${shown.length}` });
    const body = shown.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
    const contentRange = `bytes ${from}-${Number(from) + body.length - 1}/${shown.length}`;
    return { status: 206, headers: { ...headers, 'content-range': contentRange }, body };
  }

  private async read(path: string): Promise<Uint8Array | undefined> {
    const bytes = this.files.get(path);
    if (bytes || this.folder === undefined) return bytes;
    // An absolute path loses its `..` at the root.
    return readFile(join(this.folder, normalize(path))).catch(() => undefined);
  }
}

async function send(response: ServerResponse, body: Uint8Array, how: Misbehaviour, seen: SeenRequest) {
  const { size, pause } = how.slow ?? { size: 1 << 16, pause: 0 };
  const end = Math.min(how.cut ?? how.stall ?? body.length, body.length);
  const isWhole = end === body.length;
  const { socket } = response;
  while (seen.served < end && !response.destroyed) {
    const piece = body.subarray(seen.served, Math.min(end, seen.served + size));
    await new Promise<void>((resolve, reject) =>
      response.write(piece, (error) => (error ? reject(error) : resolve())),
    );
    seen.served += piece.length;
    if (pause > 0) await sleep(pause);
  }
  if (how.cut !== undefined && !isWhole) socket?.destroy();
  // With another length than the headers say, the connection is of no more use.
  else if (how.stall === undefined || isWhole) response.end(() => how.lengthOff && socket?.destroy());
}
