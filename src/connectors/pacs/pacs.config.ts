import { z } from 'zod';
import { ConfigFault, defineSlice, proveReadableFile, text, variable } from '../../platform/config';
import { MaterialSource, proveNamedFiles } from '../../platform/pki';
import { aeTitleFault } from '../../standards/dicom';

const aeTitle = z
  .string()
  .refine((title) => aeTitleFault(title) === undefined, '1 to 16 printable characters without backslash');
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower case letters, digits and hyphens');
const filePath = z.string().min(1).max(4096);

const tlsFiles = z.strictObject({
  /** Authorities of the PACS. */
  ca: filePath,
  cert: filePath.optional(),
  /** PEM, possibly encrypted. */
  key: filePath.optional(),
  /** Key and certificate in one PKCS#12, instead of the two. */
  pkcs12: filePath.optional(),
  /** First line: the passphrase of the key or of the PKCS#12. */
  passphraseFile: filePath.optional(),
  serverName: z.string().max(253).optional(),
});

const listenerFiles = tlsFiles.refine(
  ({ cert, key, pkcs12 }) => pkcs12 !== undefined || (cert !== undefined && key !== undefined),
  'a PKCS#12, or a certificate and a key',
);

export type PacsTlsFiles = z.output<typeof tlsFiles>;

/** A PACS reached by DIMSE. */
export const dimsePacsSchema = z.strictObject({
  id,
  kind: z.literal('dimse'),
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  aeTitle,
  retrieve: z.enum(['auto', 'move', 'get']).default('auto'),
  /** Most associations that we open at once with this PACS. Orthanc serves four (DicomThreadsCount), others wait unheard. */
  maxAssociations: z.number().int().min(1).max(64).default(4),
  tls: tlsFiles.optional(),
  /** Says that clear text is intended, on a network that protects it otherwise: without it production wants `tls`. */
  clearText: z.boolean().default(false),
});

/** A PACS reached by DICOMweb; its client reads what else it needs from `options`. */
export const dicomWebPacsSchema = z.strictObject({
  id,
  kind: z.literal('dicomweb'),
  url: z.url(),
  maxConnections: z.number().int().min(1).max(64).default(8),
  tls: tlsFiles.optional(),
  /** Says that clear text is intended, on a network that protects it otherwise: without it production wants https. */
  clearText: z.boolean().optional(),
  /** File with the value of the Authorization header, when the PACS wants one. */
  authorizationFile: filePath.optional(),
});

const listSchema = z
  .array(z.discriminatedUnion('kind', [dimsePacsSchema, dicomWebPacsSchema]))
  .max(32)
  .refine((all) => new Set(all.map((one) => one.id)).size === all.length, 'an id is used twice');

export type DimsePacsConfig = z.output<typeof dimsePacsSchema>;
export type DicomWebPacsConfig = z.output<typeof dicomWebPacsSchema>;
export type PacsConfig = DimsePacsConfig | DicomWebPacsConfig;

const isClear = (pacs: PacsConfig): boolean =>
  pacs.kind === 'dimse' ? !pacs.tls : new URL(pacs.url).protocol !== 'https:';

export const pacsConfig = defineSlice(
  'pacs',
  {
    list: variable('DRIMBOX_PACS', text.json(listSchema).default([]), {
      describe:
        'The PACS, in the order in which a study is looked for: a JSON array. DIMSE: id, kind "dimse", host, port, aeTitle, ' +
        'and if wished retrieve (auto, move, get), maxAssociations, clearText, tls {ca, cert, key, serverName}, or with pkcs12 ' +
        'in the place of cert and key; passphraseFile opens an encrypted key or the PKCS#12. ' +
        'DICOMweb: id, kind "dicomweb", url, and if wished maxConnections, tls, authorizationFile, clearText.',
      refusedInProduction: (value) =>
        (value as PacsConfig[]).some((pacs) => isClear(pacs) && !pacs.clearText)
          ? 'a PACS without tls or https must say "clearText": true'
          : undefined,
      example: '[{"id":"pacs","kind":"dimse","host":"pacs.example","port":11112,"aeTitle":"PACS"}]',
    }),
    aeTitle: variable('DRIMBOX_DICOM_AE_TITLE', aeTitle.default('DRIMBOX'), {
      describe: 'Our application entity title, as client and as destination of C-MOVE.',
    }),
    listen: variable('DRIMBOX_DICOM_LISTEN', z.enum(['off', 'tls', 'clear', 'sandbox']).default('off'), {
      describe:
        'Opens our DICOM listener (C-STORE, C-ECHO), needed for C-MOVE and for rejection notes (IOCM): over TLS, or in ' +
        'clear text on a network that protects it otherwise; sandbox is clear text that production refuses.',
      refusedInProduction: (value) => (value === 'sandbox' ? 'choose off, tls or clear' : undefined),
    }),
    host: variable('DRIMBOX_DICOM_HOST', text.host().default('127.0.0.1'), {
      describe: 'Address on which the DICOM listener listens.',
    }),
    port: variable('DRIMBOX_DICOM_PORT', text.port().default(11_112), {
      describe: 'Port of the DICOM listener; 0 takes a free one.',
    }),
    allowedCallers: variable('DRIMBOX_DICOM_ALLOWED_AE_TITLES', text.list().default([]), {
      describe:
        'Calling AE titles that may associate with our listener; the AE titles of the configured PACS always may.',
    }),
    maxIncoming: variable('DRIMBOX_DICOM_MAX_ASSOCIATIONS', text.integer(1, 1_000).default(100), {
      describe: 'Most associations that our listener accepts at once.',
    }),
    listenTls: variable('DRIMBOX_DICOM_TLS', text.json(listenerFiles).optional(), {
      describe:
        'DICOM over TLS for our listener: JSON with the files ca, and cert and key or pkcs12, passphraseFile if these are ' +
        'encrypted. Client certificates are then required.',
    }),
    silenceMs: variable('DRIMBOX_DICOM_SILENCE_MS', text.integer(1_000, 600_000).default(30_000), {
      describe: 'Longest silence of a PACS that owes an answer.',
      unit: 'ms',
    }),
    idleMs: variable('DRIMBOX_DICOM_IDLE_MS', text.integer(0, 600_000).default(5_000), {
      describe:
        'An association with a PACS that has no work is released after this; 0 releases it at once, for a PACS that serves ' +
        'one association at a time and has other callers.',
      unit: 'ms',
    }),
  },
  {
    check: ({ list, listen, listenTls, allowedCallers }) => [
      ...(list.some((pacs) => pacs.kind === 'dimse' && pacs.retrieve === 'move') && listen === 'off'
        ? [
            {
              variable: 'DRIMBOX_DICOM_LISTEN',
              code: 'needed',
              message: 'a PACS with "retrieve": "move" needs our listener',
            },
          ]
        : []),
      ...(listen === 'tls' && !listenTls
        ? [{ variable: 'DRIMBOX_DICOM_TLS', code: 'missing', message: 'our listener over TLS needs its files' }]
        : []),
      ...allowedCallers
        .filter((title) => aeTitleFault(title) !== undefined)
        .slice(0, 1)
        .map(() => ({
          variable: 'DRIMBOX_DICOM_ALLOWED_AE_TITLES',
          code: 'invalid',
          message: 'an AE title is not legal',
        })),
    ],
    prove: async ({ list, listen, listenTls }) => {
      const listener = listen === 'tls' && listenTls ? [proveTls('DRIMBOX_DICOM_TLS', 'listener', listenTls)] : [];
      return (await Promise.all([...list.map(provePacs), ...listener])).flat();
    },
    listens: ({ listen, host, port }) => (listen === 'off' ? [] : [{ variable: 'DRIMBOX_DICOM_PORT', host, port }]),
  },
);

async function provePacs(pacs: PacsConfig): Promise<ConfigFault[]> {
  const label = `PACS ${pacs.id}`;
  const file = pacs.kind === 'dicomweb' ? pacs.authorizationFile : undefined;
  const [tls, authorization] = await Promise.all([
    pacs.tls ? proveTls('DRIMBOX_PACS', label, pacs.tls) : [],
    file ? proveReadableFile('DRIMBOX_PACS', file) : [],
  ]);
  return [...tls, ...authorization.map((one) => ({ ...one, message: `${label}, authorizationFile: ${one.message}` }))];
}

/** Authorities alone, or with our certificate and its key: one without the other is a fault. */
function proveTls(name: string, label: string, files: PacsTlsFiles): Promise<ConfigFault[]> {
  const { cert, key, pkcs12 } = files;
  if (key && !cert && !pkcs12)
    return Promise.resolve([
      { variable: name, code: 'certificate-missing', message: `${label}: a key without its certificate` },
    ]);
  const source = { label, ...materialOf(label, files) };
  return proveNamedFiles(name, source, name === 'DRIMBOX_DICOM_TLS' ? 'serverAndClient' : 'client');
}

/** These files as the material of `platform/pki`. */
export function materialOf(name: string, { ca, cert, key, pkcs12, passphraseFile }: PacsTlsFiles): MaterialSource {
  return { name, certificateFile: cert, keyFile: key, pkcs12File: pkcs12, passphraseFile, anchorFiles: [ca] };
}
