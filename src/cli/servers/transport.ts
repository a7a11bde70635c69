/**
 * Requests of commands, by the HTTP client of Node.js: it takes certificates of one's own, and
 * loads in a tenth of the time of `fetch`, most of what a command takes. It does what the callers
 * use of `fetch`: it follows no redirect, keeps no cache and sends no body.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Agent, AgentOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { messageOf } from '../../base/errors.js';
import type { FetchedResponse, FetchRequest } from '../../client/exchange.js';
import { usageFailure } from '../exit-codes.js';

/** Names of files, as the options of a command give them. */
export interface CertificateOptions {
  /** Of further trusted authorities. */
  readonly ca?: string | undefined;
  /** Of the certificate to show, and its key unless `key` names that. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type ServerRequest = Pick<FetchRequest, 'headers' | 'signal'> & {
  readonly method?: 'GET' | 'POST';
};

export type ServerFetch = (url: string, request: ServerRequest) => Promise<FetchedResponse>;

/** Throws a usage failure that names the option of a wrong file. */
export function transportWith(certificates: CertificateOptions): ServerFetch {
  const agent = agentWith(certificates);
  return (url, { method = 'GET', headers, signal }) =>
    new Promise((resolve, reject) => {
      // A cache between knows nothing of now.
      const options = { method, signal, headers: { 'Cache-Control': 'no-cache', ...headers } };
      const sent = url.startsWith('https:') ? overTls(url, options, agent) : request(url, options);
      sent.once('response', (response) => resolve(fetched(response)));
      sent.on('error', reject);
      sent.end();
    });
}

// Modules for TLS are loaded when there is something to do for them, and at once.

function overTls(url: string, options: RequestOptions, agent: Agent | undefined) {
  return process
    .getBuiltinModule('node:https')
    .request(url, { ...options, ...(agent !== undefined && { agent }) });
}

/** As long as the agent of Node.js itself. */
const IDLE_MS = 5_000;

/** Undefined: no file is named. */
function agentWith({ ca, cert, key }: CertificateOptions): Agent | undefined {
  if (key !== undefined && cert === undefined) throw usageFailure('--key: needs --cert');
  if (ca === undefined && cert === undefined) return undefined;
  const { createSecureContext, rootCertificates } = process.getBuiltinModule('node:tls');
  const tls: SecureContextOptions = {
    ...(ca !== undefined && { ca: [...rootCertificates, textOf('--ca', ca)] }),
    ...(cert !== undefined && { cert: textOf('--cert', cert) }),
    ...(cert !== undefined && {
      key: key === undefined ? textOf('--cert', cert) : textOf('--key', key),
    }),
  };
  try {
    const secureContext = createSecureContext(tls);
    const options: AgentOptions = { secureContext, keepAlive: true, timeout: IDLE_MS };
    return new (process.getBuiltinModule('node:https').Agent)(options);
  } catch (error) {
    throw usageFailure(`${cert === undefined ? '--ca' : '--cert, --key'}: ${messageOf(error)}`);
  }
}

function fetched(response: IncomingMessage): FetchedResponse {
  const { statusCode: status = 0, headers } = response;
  const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  return {
    status,
    headers: { get: (name) => headers[name]?.toString() ?? null },
    body: { getReader: () => ({ read: () => chunks.next() }) },
  };
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageFailure(`${option}: ${messageOf(error)}`);
  }
}
