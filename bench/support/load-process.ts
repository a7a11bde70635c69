/** Entry of the load generator's process. */
import { serve } from '../../src/demo/subprocess.js';
import { KeptConnection } from './kept-connection.js';
import type { LoadOrder, LoadProtocol, LoadResult } from './load.js';
import { Latencies } from './statistics.js';

serve<LoadProtocol>({ run });

async function run(order: LoadOrder): Promise<LoadResult> {
  const requests = preparedRequests(order);
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => KeptConnection.open(order.port, order.method)),
  );
  const latencies = new Latencies();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const deadlineMs = startedMs + order.durationMs;
  const requestsMax = order.requests ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  let failures = 0;
  let maxMs = 0;

  async function drive(connection: KeptConnection): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let sentMs = 0;
      const send = (): void => {
        sentMs = performance.now();
        connection.request(requests[sent++ % requests.length]!);
      };
      connection.onAnswer = (status) => {
        const nowMs = performance.now();
        latencies.record(nowMs - sentMs);
        maxMs = Math.max(maxMs, nowMs - sentMs);
        if (status !== (order.status ?? 200)) failures++;
        if (nowMs < deadlineMs && sent < requestsMax) send();
        else resolve();
      };
      connection.onFailure = reject;
      send();
    });
  }

  try {
    await Promise.all(connections.map(drive));
  } finally {
    for (const connection of connections) connection.close();
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    requests: latencies.count,
    failures,
    seconds: (performance.now() - startedMs) / 1000,
    p50Micros: latencies.percentileMicros(50),
    p99Micros: latencies.percentileMicros(99),
    maxMicros: maxMs * 1000,
    generatorCpuMicros: user + system,
  };
}

function preparedRequests({ method, path, port, distinct }: LoadOrder): Buffer[] {
  return Array.from({ length: distinct ?? 1 }, (_, number) => {
    const target = path.replace('{n}', String(number));
    return Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 'latin1');
  });
}
