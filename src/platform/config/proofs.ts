import { access, constants, mkdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ConfigFault, ListeningAddress } from './slice';

const secretBytesMax = 64 * 1024;

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

/** The file holds a secret of at least so many characters. */
export async function proveSecretFile(variable: string, file: string, charactersMin: number): Promise<ConfigFault[]> {
  try {
    if ((await stat(file)).size > secretBytesMax)
      return [{ variable, code: 'too-large', message: 'the file is too large to be a secret' }];
    const { length } = (await readFile(file, 'utf8')).trim();
    if (length >= charactersMin) return [];
    return [{ variable, code: 'too-short', message: `the secret has fewer than ${charactersMin} characters` }];
  } catch {
    return proveReadableFile(variable, file).then((faults) =>
      faults.length > 0 ? faults : [{ variable, code: 'not-readable', message: 'the file cannot be read' }],
    );
  }
}

/** The port can be bound at this address now (0 asks for any free one). */
export function provePortFree(variable: string, host: string, port: number): Promise<ConfigFault[]> {
  if (port === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () =>
      resolve([
        {
          variable,
          code: 'port-in-use',
          message: 'the address and port cannot be bound (in use, perhaps by the gateway itself)',
        },
      ]),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve([])));
  });
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function overlap(a: ListeningAddress, b: ListeningAddress): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  return a.host === b.host || wildcards.has(a.host) || wildcards.has(b.host);
}

/** Every address can be bound, and no two listeners want the same one. */
export async function proveListeners(addresses: readonly ListeningAddress[]): Promise<ConfigFault[]> {
  const faults: ConfigFault[] = [];
  for (const [index, address] of addresses.entries()) {
    const { variable, host, port } = address;
    const other = addresses.slice(0, index).find((before) => overlap(before, address));
    if (other)
      faults.push({ variable, code: 'port-taken-twice', message: `the same address and port as ${other.variable}` });
    else faults.push(...(await provePortFree(variable, host, port)));
  }
  return faults;
}
