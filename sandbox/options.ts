import { parseArgs } from 'node:util';

export interface SandboxOptions {
  readonly readyFile?: string;
  /** Undefined: a temporary folder, removed at the end. */
  readonly dataDir?: string;
  /** All ports derive from it; 0 takes free ones. */
  readonly portBase: number;
  /** `HOST:PORT:AET` names a PACS that runs elsewhere. */
  readonly pacs: 'auto' | 'embedded' | 'orthanc' | { host: string; port: number; aeTitle: string };
  /** `embedded` or the address of a PostgreSQL. */
  readonly database: string;
  /** Folder of DICOM files to load and publish besides, or instead of, the demo data. */
  readonly study?: string;
  readonly demoData: boolean;
  readonly help: boolean;
}

export const usage = `npm run sandbox -- [options]

The gateway with a sandbox of every national neighbour, on 127.0.0.1 only. Ctrl-C ends it.

  --ready-file F      writes the addresses as JSON to F when all is up
  --data-dir D        keeps all data in D, so that they survive a restart (default: a temporary folder)
  --port-base N       first port; all others derive from it (default 8440)
  --pacs KIND         embedded, orthanc or HOST:PORT:AET (default: orthanc if installed, else embedded)
  --database D        embedded or postgres://… (default: embedded)
  --study DIR         loads these DICOM files into the PACS and publishes them
  --no-demo-data      starts without the demo studies
  --help              says this
`;

function pacsOf(text: string | undefined): SandboxOptions['pacs'] {
  if (text === undefined) return 'auto';
  if (text === 'embedded' || text === 'orthanc') return text;
  const match = /^([^:]+):(\d{1,5}):([^:]{1,16})$/.exec(text);
  if (!match) throw new Error('--pacs takes embedded, orthanc or HOST:PORT:AET');
  return { host: match[1], port: Number(match[2]), aeTitle: match[3] };
}

/** Reads the command line; throws a sentence for the caller when it is off. */
export function parseOptions(argv: readonly string[]): SandboxOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'ready-file': { type: 'string' },
      'data-dir': { type: 'string' },
      'port-base': { type: 'string' },
      pacs: { type: 'string' },
      database: { type: 'string' },
      study: { type: 'string' },
      'no-demo-data': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const portBase = Number(values['port-base'] ?? 8440);
  if (!Number.isInteger(portBase) || portBase < 0 || portBase > 65_000)
    throw new Error('--port-base takes a number from 0 to 65000');
  const database = values.database ?? 'embedded';
  if (database !== 'embedded' && !/^postgres(ql)?:\/\//.test(database))
    throw new Error('--database takes embedded or postgres://…');
  return {
    readyFile: values['ready-file'],
    dataDir: values['data-dir'],
    portBase,
    pacs: pacsOf(values.pacs),
    database,
    study: values.study,
    demoData: !values['no-demo-data'],
    help: values.help ?? false,
  };
}
