import type { Dispatcher } from 'undici';
import { messageOf, UserError } from '../errors.ts';
import { keptBytes } from './kept-bytes.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Nobody could be talked to: there is no network, no such host, nobody listens, or the proxy refuses. */
const UNREACHABLE =
  /^(ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_PRX_TLS|UND_ERR_SOCKS5\w*)$/;
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/;
/** Wrong calls of Node's functions have codes too. */
const OURS = /^ERR_(?!TLS|SSL|STREAM_PREMATURE_CLOSE)/;
/** undici's words for a proxy that answers with an error. */
const PROXY_REFUSES = /^Proxy .*\((\d+)\)/;

/** Something that may be better in a moment. */
export class TransientError extends Error {
  /** The host that could not be talked to at all. */
  readonly unreachable: string | undefined;

  constructor(message: string, { unreachable, cause }: { unreachable?: string; cause?: unknown } = {}) {
    super(message, { cause });
    this.unreachable = unreachable;
  }
}

/** The parts of an answer that a download looks at. */
export interface Answer {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection, unless all has been read. */
  readonly drop: () => void;
  /** A header by its name in small letters. */
  header(name: string): string | undefined;
}

interface GetOptions {
  readonly headers: Record<string, string>;
  /** Whether plain http is fine. This machine itself may always be asked by it. */
  readonly allowHttp: boolean;
  readonly signal: AbortSignal;
}

/**
 * Asks for an address, by way of the proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name (none to this machine
 * itself), and follows up to five redirects. The caller drops the answer in the end.
 *
 * @throws {TransientError} when there is no answer
 * @throws {UserError} when a redirect leads in a circle, nowhere, or from https to http
 */
export async function get(address: string, { headers, allowHttp, signal }: GetOptions): Promise<Answer> {
  const { request } = await import('undici');
  const dispatcher = await agent();
  const visited = new Set<string>();
  for (let url = addressOf(address, allowHttp); ; ) {
    if (visited.has(url.href) || visited.size > MAX_REDIRECTS) {
      const what = visited.has(url.href) ? 'in a circle' : `more than ${MAX_REDIRECTS} times`;
      throw new UserError(`cannot download ${address}: it redirects ${what}`);
    }
    visited.add(url.href);
    // What takes too long is the caller's to say, who aborts.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    const response = await request(url, { headers, dispatcher, signal, ...timeouts }).catch((error) => {
      throw networkError(error, url.host);
    });
    const header = (name: string) => [response.headers[name]].flat()[0];
    const drop = () => response.body.on('error', () => undefined).destroy();
    if (!REDIRECTS.has(response.statusCode)) {
      return { status: response.statusCode, body: keptBytes(response.body), drop, header };
    }
    drop();
    url = redirectTarget(url, header('location'), allowHttp);
  }
}

/**
 * Where a redirect leads to.
 *
 * @throws {UserError} when that is no address, or not https and either the start was or `allowHttp` isn't set
 */
export function redirectTarget(from: URL, location: string | undefined, allowHttp: boolean): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new UserError(`cannot download ${from.href}: it redirects to ${location ?? 'nowhere'}`);
  }
  const to = new URL(location, from);
  if (to.protocol === 'http:' && from.protocol === 'https:') {
    throw new UserError(`cannot download ${from.href}: expected a redirect to https but got ${to.href}`, {
      hint: 'by plain http anybody on the way could change the file',
    });
  }
  return addressOf(to.href, allowHttp);
}

/**
 * Parses an address of a file.
 *
 * @throws {UserError} when it is not https (or http, where that is allowed or leads to this machine)
 */
export function addressOf(text: string, allowHttp: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UserError(`expected an address such as https://example.org/file but got ${text}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UserError(`expected an address without a user name and password but got one at ${url.host}`);
  }
  if (url.protocol === 'http:' && !allowHttp && !isThisMachine(url.hostname)) {
    throw new UserError(`expected an https address but got ${text}`, {
      hint: 'by plain http anybody on the way could change the file',
    });
  }
  return url;
}

function isThisMachine(hostname: string): boolean {
  return /^(.+\.)?localhost$|^127\.[\d.]+$|^\[::1\]$/.test(hostname);
}

/** What went wrong on the network; anything else that was thrown comes back as it is. */
export function networkError(error: unknown, host: string): unknown {
  if (!(error instanceof Error) || error instanceof TransientError || error instanceof UserError)
    return error;
  // Where a host has several addresses, the errors of all attempts come together under an empty message.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || OURS.test(code)) return error;
  const text = messageOf(first);
  const [, status] = PROXY_REFUSES.exec(text) ?? [];
  if (status !== undefined) {
    return new TransientError(`the proxy answers ${status}`, { unreachable: host, cause: error });
  }
  if (UNTRUSTED.test(code)) {
    return new UserError(`cannot reach ${host}: ${text}`, {
      hint: 'where a proxy has a certificate of its own, NODE_EXTRA_CA_CERTS names the file with its authority',
      cause: error,
    });
  }
  return new TransientError(text, { unreachable: UNREACHABLE.test(code) ? host : undefined, cause: error });
}

let shared: Dispatcher | undefined;

/** Keeps connections open from one file to the next; an idle one doesn't keep the process alive. */
async function agent(): Promise<Dispatcher> {
  if (shared) return shared;
  // Takes a tenth of a second to load, which most commands have no use for.
  const { EnvHttpProxyAgent } = await import('undici');
  const httpProxy = proxyAddress('http_proxy');
  const httpsProxy = proxyAddress('https_proxy');
  const around = process.env.no_proxy || process.env.NO_PROXY;
  const noProxy = around === '*' ? '*' : [around, 'localhost', '127.0.0.1', '[::1]'].join(',');
  // Proxies commonly tunnel to https only, and are asked for plain http outright.
  shared ??= new EnvHttpProxyAgent({ httpProxy, httpsProxy, noProxy, proxyTunnel: false });
  return shared;
}

/** curl takes a proxy without `http://` too, so that is how people write it. */
function proxyAddress(name: string): string | undefined {
  const text = process.env[name] || process.env[name.toUpperCase()];
  if (!text) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address) || !/^(https?|socks5?):/.test(address)) {
    throw new UserError(
      `expected ${name.toUpperCase()} to be an address such as http://proxy:3128 but got ${text.replace(/.*@/, '')}`,
    );
  }
  return address;
}
