/** Requests over connections that stay open: many small ones, with little load. */
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export interface TimedResponse {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Undefined: no response, the outcome is unknown. */
  readonly status: number | undefined;
  readonly body: string;
}

/** Never rejects. Times are those of `performance.now()`. */
export function get(port: number, path: string, timeoutMs: number): Promise<TimedResponse> {
  return new Promise((resolve) => {
    const sentAtMs = performance.now();
    const done = (status: number | undefined, body: string): void => {
      clearTimeout(timer);
      resolve({ sentAtMs, answeredAtMs: performance.now(), status, body });
    };
    const sent = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', () => done(undefined, ''));
      response.on('end', () => done(response.statusCode, body));
    });
    const timer = setTimeout(() => sent.destroy(new Error('timed out')), timeoutMs);
    sent.on('error', () => done(undefined, ''));
    sent.end();
  });
}
