/** wrk, a load generator in C, where it is installed: it answers faster than ours with a single connection, and hangs on HEAD. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { LoadResult } from './load.js';
import { endedChildrenCpuMicros } from './processes.js';

const UNIT_MICROS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

export function wrkIsInstalled(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, 'wrk'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** One thread of wrk with that many connections. It runs for whole seconds. */
export async function runWrk(
  url: string,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const cpuBefore = endedChildrenCpuMicros();
  const output = await outputOf('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    url,
  ]);
  const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? [];
  if (requests === undefined) throw new Error(`wrk said: ${output}`);
  const failures = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0';
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    output,
  );
  const lost = (errors ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests: Number(requests),
    failures: Number(failures) + lost,
    seconds: Number(took),
    p50Micros: latency(output, '50%'),
    p99Micros: latency(output, '99%'),
    maxMicros: Number.NaN,
    generatorCpuMicros: endedChildrenCpuMicros() - cpuBefore,
  };
}

function latency(output: string, label: string): number {
  const [, value, unit] = new RegExp(`${label}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * (UNIT_MICROS[unit ?? ''] ?? Number.NaN);
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
