/** What Linux tells of a process: its CPU time and its memory (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, of all threads that the process has now, since their start, in microseconds.
 * Exact to the nanosecond, where `/proc/<pid>/stat` counts in hundredths of a second.
 */
export function cpuMicros(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) => {
    const [ran] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(ran);
  });
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1000;
}

/** Resident memory of the process in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kilobytes) * 1024;
}
