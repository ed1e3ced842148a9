import { readFileSync } from 'node:fs';
import { cpus, totalmem, release } from 'node:os';

const ticksPerSecond = 100;

/** CPU seconds that a process and its threads have used so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** Highest resident memory while the work lasts. */
export async function peakMib(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = residentMib(pid);
  const timer = setInterval(() => (peak = Math.max(peak, residentMib(pid))), 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
}

export function machineFacts(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    node: process.version,
  };
}
