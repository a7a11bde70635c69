/**
 * `fetch` with certificates of one's own, which the global one does not take. What it leaves out of
 * `fetch` its callers do not use: it follows no redirect, keeps no cache and sends no body.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../../base/errors.js';
import { usageFailure } from '../exit-codes.js';

/** Names of files, as the options of a command give them. */
export interface CertificateOptions {
  /** Of further trusted authorities. */
  readonly ca?: string | undefined;
  /** Of the certificate to show, and its key unless `key` names that. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Undefined: no file is named. Throws a usage failure that names the option of a wrong file. */
export function fetchWith({ ca, cert, key }: CertificateOptions): typeof fetch | undefined {
  if (key !== undefined && cert === undefined) throw usageFailure('--key: needs --cert');
  if (ca === undefined && cert === undefined) return undefined;
  const tls: SecureContextOptions = {
    ...(ca !== undefined && { ca: [...rootCertificates, textOf('--ca', ca)] }),
    ...(cert !== undefined && { cert: textOf('--cert', cert) }),
    ...(cert !== undefined && {
      key: key === undefined ? textOf('--cert', cert) : textOf('--key', key),
    }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw usageFailure(`${cert === undefined ? '--ca' : '--cert, --key'}: ${messageOf(error)}`);
  }
  return (input, init) => fetchOver(tls, String(input), init ?? {});
}

async function fetchOver(
  tls: SecureContextOptions,
  url: string,
  { method = 'GET', headers, signal }: RequestInit,
): Promise<Response> {
  // Imported only when it is used, so that other commands start as fast as without it.
  const [{ request: overTls }, { request: plain }, { Readable }] = await Promise.all([
    import('node:https'),
    import('node:http'),
    import('node:stream'),
  ]);
  const options = {
    ...{ method, agent: false as const, headers: headers as Record<string, string> },
    ...(signal != null && { signal }),
  };
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:')
      ? overTls(url, { ...options, ...tls })
      : plain(url, options);
    request.once('response', (response) => {
      const { statusCode: status = 0, headers: received } = response;
      const body = Readable.toWeb(response) as ReadableStream<Uint8Array>;
      const { location } = received;
      resolve(new Response(body, { status, headers: location === undefined ? {} : { location } }));
    });
    request.once('error', reject);
    request.end();
  });
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageFailure(`${option}: ${messageOf(error)}`);
  }
}
