/** What Linux tells of a process: its CPU time and its memory (proc(5)). */
import { readFileSync } from 'node:fs';

/** Linux reports CPU times to programs in hundredths of a second, whatever its own clock (time(7), USER_HZ). */
const TICK_MICROS = 10_000;

/** CPU time, user and system, of all threads of the process since its start, in microseconds. */
export function cpuMicros(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

/** CPU time of the children of this process that have ended, in microseconds. */
export function endedChildrenCpuMicros(): number {
  const fields = statFields(process.pid);
  return (Number(fields[13]) + Number(fields[14])) * TICK_MICROS;
}

/** Resident memory of the process in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kilobytes) * 1024;
}

/** The fields after the command's name, which may hold blanks and brackets: the first is the state, field 3 of proc(5). */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
