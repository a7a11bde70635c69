/** CPU time and memory of a process, from Linux (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, of each thread of the process since its start, in microseconds, by the
 * thread's id.
 */
function threadCpuMicros(pid: number): Map<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`);
  return new Map(threads.map((thread) => [thread, cpuMicrosOfThread(pid, thread)]));
}

/**
 * CPU time of all threads that the process has now, in microseconds.
 * Exact to the nanosecond, where `/proc/<pid>/stat` counts in hundredths of a second.
 */
export function cpuMicros(pid: number): number {
  return [...threadCpuMicros(pid).values()].reduce((sum, micros) => sum + micros, 0);
}

/** CPU time of one thread, in microseconds. */
export function cpuMicrosOfThread(pid: number, thread: string): number {
  const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1000;
}

/** Id of the thread that works most while something goes on. */
export async function busiestThread(
  pid: number,
  meanwhile: () => Promise<unknown>,
): Promise<string> {
  const before = threadCpuMicros(pid);
  await meanwhile();
  let busiest = '';
  let mostMicros = 0;
  for (const [thread, micros] of threadCpuMicros(pid)) {
    const ranMicros = micros - (before.get(thread) ?? 0);
    if (ranMicros > mostMicros) [busiest, mostMicros] = [thread, ranMicros];
  }
  return busiest;
}

/** Resident memory of the process in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kilobytes) * 1024;
}
