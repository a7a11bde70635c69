/** Valid bytes for each port of a node, of which fuzz.ts sends mutants. */
import { createServer, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import {
  encodeHello,
  encodeProof,
  encodeWelcome,
  PROTOCOL_VERSION,
} from '../../src/consensus/raft/codec/handshake.js';
import { frameOf } from '../../src/consensus/raft/transport/frame.js';

const HEAD_END = ' HTTP/1.1\r\nHost: freno\r\n';

const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n';

/** Requests of every kind. Commands are about apps, hosts and stores that no other test uses. */
export const HTTP_REQUESTS: readonly Buffer[] = [
  `GET /check/fuzz/mysql/main?p=low&verbose=1${HEAD_END}\r\n`,
  `HEAD /check/fuzz/mysql/main${HEAD_END}Connection: close\r\n\r\n`,
  `GET /check-read-if-exists/fuzz/mysql/main/0.5${HEAD_END}X-Forwarded-For: 10.0.0.1\r\n\r\n`,
  `GET /check-all/fuzz?store=mysql/main&store=mysql/fuzz${HEAD_END}\r\n`.repeat(8),
  `GET /check/fuzz/mysql/main?wait=0.1${HEAD_END}\r\n`,
  `GET /%63heck/fuzz%2Fmain/mysql/../mysql/main${HEAD_END}\r\n`,
  `GET /why/fuzz/mysql/main${HEAD_END}Authorization: Bearer freno_fuzz\r\n\r\n`,
  `POST /throttle-app/fuzz/ttl/1/ratio/0.5${HEAD_END}Content-Length: 5\r\n\r\nabcde`,
  `POST /skip-host/fuzz.example/ttl/1${HEAD_END}${CHUNKS}`,
  `GET /set-threshold/mysql/fuzz/5${HEAD_END}Sec-Fetch-Site: same-origin\r\n\r\n`,
  `GET /throttled-apps?limit=5&after=a&prefix=f${HEAD_END}Accept-Encoding: gzip\r\n\r\n`,
  `GET /stores/mysql/main${HEAD_END}If-None-Match: "x"\r\n\r\n`,
  `OPTIONS /metrics${HEAD_END}Origin: https://fuzz.example\r\nExpect: 100-continue\r\n\r\n`,
  `GET /events${HEAD_END}Cookie: ${'a=b; '.repeat(200)}\r\n\r\n`,
].map((text) => Buffer.from(text));

/** Greetings between two nodes; without the secret, or in another cluster's name. */
export function peerMessages(from: string, to: string, clusterName: string): readonly Buffer[] {
  const nonce = new Uint8Array(32).fill(9);
  const cluster = { protocolVersion: PROTOCOL_VERSION, clusterName };
  const hello = frameOf(encodeHello({ ...cluster, from, to, nonce }));
  const proof = frameOf(encodeProof(nonce));
  const welcome = frameOf(
    encodeWelcome({ ...cluster, node: to, refusal: '', nonce, proof: nonce }),
  );
  return [
    hello,
    Buffer.concat([hello, proof]),
    Buffer.concat([hello, proof, welcome, hello]),
    Buffer.concat([welcome, proof]),
  ];
}

/** What Node itself sends at the begin of a TLS connection. */
export function clientHello(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes) => {
        socket.destroy();
        server.close();
        resolve(bytes);
      });
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => {});
    });
  });
}

/** What a visitor shows of itself inside TLS; the server is not verified. */
export interface VisitorTls {
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** A handshake with a node on a busy machine may take long. */
const HANDSHAKE_MS_MAX = 5_000;

/**
 * Sends the bytes over a connection of its own, and drops what comes back. Resolves when it is
 * closed, by this side `lastsMs` after they were sent at the latest, with whether they were. `tls`
 * null: without TLS.
 */
export function visit(
  port: number,
  bytes: Buffer,
  tls: VisitorTls | null,
  lastsMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const place = { port, host: '127.0.0.1' };
    let isSent = false;
    const send = (): void => {
      isSent = true;
      socket.end(bytes);
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), lastsMs);
    };
    const socket =
      tls === null
        ? tcpConnect(place, send)
        : tlsConnect({ ...place, ...tls, rejectUnauthorized: false }, send);
    let timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(isSent);
    });
  });
}
