import { z } from 'zod';
import { defineSlice, sandboxOnly, text, variable, type ConfigFault } from '../../platform/config';
import { materialFiles, proveAnchorFiles, proveNamedFiles } from '../../platform/pki';

const oid = z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/);

const entity = z.strictObject({
  /** National identifier with its type digit: `1` + FINESS, `3` + SIRET. */
  id: z.string().regex(/^[0-9A-Z]{2,20}$/),
  name: z.string().min(1).max(200),
});

/** One structure that publishes or reads. EJ: legal entity. EG: site. EJ/EG: site in the submission, certificate of the entity. */
const structure = z
  .strictObject({
    mode: z.enum(['EJ', 'EG', 'EJ/EG']),
    geographic: entity.optional(),
    legal: entity.optional(),
    /** Which of the two the VIHF names in mode EJ/EG. */
    vihfNames: z.enum(['EJ', 'EG']).default('EG'),
    /** Other identifiers by which reports name this structure. */
    aliases: z.array(z.string().min(1).max(40)).default([]),
    /** Used when a report names no known structure. */
    fallback: z.boolean().default(false),
    sector: z.strictObject({ code: z.string().regex(/^SA\d{2}$/), system: oid.default('1.2.250.1.71.4.2.4') }),
    tls: materialFiles,
    seal: materialFiles,
  })
  .refine((one) => one.mode === 'EG' || one.legal !== undefined, { message: 'the modes EJ and EJ/EG want "legal"' })
  .refine((one) => one.mode === 'EJ' || one.geographic !== undefined, {
    message: 'the modes EG and EJ/EG want "geographic"',
  });

export type StructureSettings = z.output<typeof structure>;

async function proveFiles(
  structures: readonly StructureSettings[],
  anchors: readonly string[],
): Promise<ConfigFault[]> {
  const faults = await Promise.all([
    ...structures.flatMap(({ tls, seal }, index) => [
      proveNamedFiles('DRIMBOX_DMP_STRUCTURES', { label: `structure ${index + 1}, tls`, ...tls }, 'client'),
      proveNamedFiles('DRIMBOX_DMP_STRUCTURES', { label: `structure ${index + 1}, seal`, ...seal }, 'signature'),
    ]),
    proveAnchorFiles('DRIMBOX_DMP_CA_FILES', anchors),
  ]);
  return faults.flat();
}

/** Values by which the DMP would know an invented source. */
const invented = { sourceOid: '1.2.250.1.999.1.1.8121' } as const;

export const dmpConfig = defineSlice(
  'dmp',
  {
    url: variable('DRIMBOX_DMP_URL', text.url('https:').optional(), {
      describe:
        'Base of the DMP services, below which repository, registry and patients are; absent, nothing is published or read',
      example: 'https://lps.dmp.gouv.fr/si-dmp-server/v2/services',
    }),
    structures: variable('DRIMBOX_DMP_STRUCTURES', text.json(z.array(structure).max(200)).default([]), {
      describe:
        'JSON list of the structures: mode (EJ, EG, EJ/EG), geographic and legal {id, name}, aliases, fallback, sector, tls and seal files',
      example:
        '[{"mode":"EG","geographic":{"id":"1750803447","name":"Centre"},"sector":{"code":"SA01"},"tls":{…},"seal":{…}}]',
    }),
    anchorFiles: variable('DRIMBOX_DMP_CA_FILES', text.list().default([]), {
      describe: 'Authorities (PEM files, comma) to trust for the servers of the DMP',
    }),
    timeoutMs: variable('DRIMBOX_DMP_TIMEOUT_MS', text.integer(1000, 300_000).default(30_000), {
      describe: 'Longest wait for the answer of the DMP, and between two pieces of it',
      unit: 'ms',
    }),
    connections: variable('DRIMBOX_DMP_CONNECTIONS', text.integer(1, 64).default(8), {
      describe: 'Connections to the DMP kept at once for each structure',
    }),
    answerBytesMax: variable('DRIMBOX_DMP_ANSWER_BYTES_MAX', text.integer(65_536, 268_435_456).default(33_554_432), {
      describe: 'Longest answer, documents included',
      unit: 'bytes',
    }),
    signatureHash: variable('DRIMBOX_DMP_SIGNATURE_HASH', z.enum(['sha256', 'sha1']).default('sha256'), {
      describe: 'Hash of the VIHF and of the signature of submissions; sha1 only where the DMP still asks for it',
    }),
    vihfVersion: variable('DRIMBOX_DMP_VIHF_VERSION', z.enum(['3.0', '4.0']).default('3.0'), {
      describe: 'Version written into the VIHF',
    }),
    softwareId: variable('DRIMBOX_DMP_SOFTWARE_ID', z.string().min(1).max(64).default('01.12.12'), {
      describe: 'LPS_ID of the VIHF',
    }),
    softwareVersion: variable('DRIMBOX_DMP_SOFTWARE_VERSION', z.string().min(1).max(64).default('1.0'), {
      describe: 'LPS_Version of the VIHF',
    }),
    homologation: variable('DRIMBOX_DMP_HOMOLOGATION', z.string().min(1).max(64).default('non-homologue'), {
      describe: 'LPS_ID_HOMOLOGATION_DMP of the VIHF: the number given by the DMP',
    }),
    sourceOid: variable('DRIMBOX_DMP_SOURCE_OID', oid.default(invented.sourceOid), {
      describe: 'OID of this gateway as a document source (XDSSubmissionSet.sourceId)',
    }),
    systemAuthorId: variable(
      'DRIMBOX_DMP_AUTHOR_ID',
      z
        .string()
        .regex(/^[0-9A-Za-z/.-]{1,40}$/)
        .default('899700000000'),
      {
        describe: 'Identifier of the gateway as author of the manifests',
      },
    ),
    processingCode: variable('DRIMBOX_DMP_PROCESSING_CODE', z.enum(['P', 'D']).default('P'), {
      describe: 'Processing code of the existence query: P in production, D on the test platforms',
    }),
  },
  {
    check: ({ url, structures, sourceOid, processingCode }) => [
      ...fault(url !== undefined && structures.length === 0, {
        variable: 'DRIMBOX_DMP_STRUCTURES',
        code: 'missing',
        message: 'a DMP address is given and no structure',
      }),
      ...fault(url !== undefined && sourceOid === invented.sourceOid, {
        variable: 'DRIMBOX_DMP_SOURCE_OID',
        code: sandboxOnly,
        message: 'the OID of an invented source would be published',
      }),
      ...fault(url !== undefined && processingCode === 'D', {
        variable: 'DRIMBOX_DMP_PROCESSING_CODE',
        code: sandboxOnly,
        message: 'D asks for the test platforms of the DMP',
      }),
    ],
    prove: (values) => proveFiles(values.structures, values.anchorFiles),
  },
);

function fault(holds: boolean, one: ConfigFault): ConfigFault[] {
  return holds ? [one] : [];
}
