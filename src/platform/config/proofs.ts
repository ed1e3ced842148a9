import { access, constants, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ConfigFault } from './slice';

/** The folder exists, or can be made, and may be written to. */
export async function proveWritableFolder(variable: string, folder: string): Promise<ConfigFault[]> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return [];
  } catch {
    return [{ variable, code: 'not-writable', message: 'the folder cannot be made or written to' }];
  }
}

/** The file exists and may be read. */
export async function proveReadableFile(variable: string, file: string): Promise<ConfigFault[]> {
  try {
    await access(file, constants.R_OK);
    return [];
  } catch {
    return [{ variable, code: 'not-readable', message: 'the file does not exist or cannot be read' }];
  }
}

/** The port can be bound at this address now (0 asks for any free one). */
export function provePortFree(variable: string, host: string, port: number): Promise<ConfigFault[]> {
  if (port === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () =>
      resolve([{ variable, code: 'port-in-use', message: 'the address and port cannot be bound' }]),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve([])));
  });
}
