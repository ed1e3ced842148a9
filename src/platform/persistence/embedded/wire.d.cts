import type { Socket } from 'node:net';

export interface Burst {
  readonly kind: 'refuse-encryption' | 'close' | 'execute';
  readonly bytes: Buffer;
}

export class Bursts {
  push(chunk: Buffer): void;
  next(): Burst | undefined;
}

export function serveClient(database: unknown, socket: Socket): Promise<void>;
