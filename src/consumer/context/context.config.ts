import { isIP } from 'node:net';
import { z } from 'zod';
import { defineSlice, proveSecretFile, text, variable } from '../../platform/config';
import { InsNature, insNatures } from '../../standards/identity';
import { optionalParameters, profileNames, wordsFault } from './call-profile';

const natures = Object.keys(insNatures);
const words = z.array(z.string().min(1).max(60)).min(1).max(50);

function isNetwork(entry: string): boolean {
  const [address = '', bits] = entry.split('/');
  const version = isIP(address);
  if (version === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

const isOrigin = (entry: string): boolean =>
  entry === 'null' || (URL.canParse(entry) && new URL(entry).origin === entry);

/** Who may call with a patient, and in which words. */
export const contextConfig = defineSlice(
  'context',
  {
    profile: variable('DRIMBOX_CALL_PROFILE', z.enum(profileNames).default('ans-2024-12'), {
      describe:
        'Form of the contextual call: ans-2024-12 (InformationEtConsentement, Situation), ans-2024-05 (InformationEtOppositionConsultation and filters), tolerant (either)',
    }),
    consentName: variable(
      'DRIMBOX_CALL_CONSENT_NAME',
      z
        .string()
        .regex(/^[A-Za-z][A-Za-z.]{0,63}$/)
        .optional(),
      { describe: 'Name of the consent parameter; it replaces those of the profile' },
    ),
    consentWords: variable(
      'DRIMBOX_CALL_CONSENT_WORDS',
      text
        .json(
          z.strictObject({ informed: words, opposed: words, 'not-collected': words }).superRefine((value, context) => {
            const message = wordsFault(value);
            if (message !== undefined) context.addIssue({ code: 'custom', message });
          }),
        )
        .optional(),
      {
        describe:
          'Words of the consent parameter, as JSON lists informed, opposed and not-collected; they replace those of the profile; each has a letter or a digit, and none is in two lists, whatever its case, accents and punctuation',
        example: '{"informed":["oui"],"opposed":["non"],"not-collected":["inconnu"]}',
      },
    ),
    optional: variable(
      'DRIMBOX_CALL_OPTIONAL',
      text
        .list()
        .refine((list) => list.every((name) => (optionalParameters as readonly string[]).includes(name)), {
          message: `names among ${optionalParameters.join(', ')}`,
        })
        .transform((list) => list as (typeof optionalParameters)[number][])
        .optional(),
      { describe: 'Optional parameters accepted, comma; they replace those of the profile' },
    ),
    opensExam: variable('DRIMBOX_CALL_OPENS_EXAM', text.flag(false), {
      describe:
        'A call that names one exam (StudyInstanceUID, AccessionNumber, where the profile accepts them) opens its images at once; otherwise it stands first in the list',
    }),
    insNatures: variable(
      'DRIMBOX_CALL_INS_NATURES',
      text
        .list()
        .refine((list) => list.length > 0 && list.every((name) => natures.includes(name)), {
          message: `words among ${natures.join(', ')}`,
        })
        .transform((list) => list as InsNature[])
        .prefault('nir,nia'),
      {
        describe: 'Natures of INS that a call may name: nir, nia, and for invented people nirTest, nirDemo',
        refusedInProduction: (value) =>
          (value as InsNature[]).some((name) => name === 'nirTest' || name === 'nirDemo')
            ? 'the INS of invented people may be called with'
            : undefined,
      },
    ),
    origins: variable(
      'DRIMBOX_CALL_ORIGINS',
      text
        .list()
        .refine((list) => list.every(isOrigin), { message: 'origins such as https://ris.hopital.fr, or null' })
        .default([]),
      {
        describe:
          'Web origins whose pages may call, comma; empty accepts any. A caller without Origin is no browser page and is judged by its address',
        example: 'https://ris.hopital.fr',
      },
    ),
    addresses: variable(
      'DRIMBOX_CALL_ADDRESSES',
      text
        .list()
        .refine((list) => list.every(isNetwork), { message: 'addresses or networks such as 10.0.0.0/8' })
        .default([]),
      { describe: 'Addresses or networks from which calls are taken, comma; empty accepts any', example: '10.0.0.0/8' },
    ),
    addressSeconds: variable('DRIMBOX_CALL_ADDRESS_SECONDS', text.integer(10, 900).default(120), {
      describe: 'The address given to the caller must be opened within this time; it works once',
      unit: 's',
    }),
    loginSeconds: variable('DRIMBOX_CALL_LOGIN_SECONDS', text.integer(30, 1800).default(600), {
      describe: 'Time for the login after the address was opened',
      unit: 's',
    }),
    minutes: variable('DRIMBOX_CONTEXT_MINUTES', text.integer(5, 1440).default(480), {
      describe: 'A patient stays open for this long at most; then the RIS has to call again',
      unit: 'minutes',
    }),
    secretFile: variable('DRIMBOX_CONSUMER_SECRET_FILE', text.path().optional(), {
      describe:
        'File with the secret (32 characters or more) that encrypts patients of calls and imported manifests; without it one is made in the data folder',
    }),
  },
  {
    prove: async (values) =>
      values.secretFile ? proveSecretFile('DRIMBOX_CONSUMER_SECRET_FILE', values.secretFile, 32) : [],
  },
);
