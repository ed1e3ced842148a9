import { z } from 'zod';
import { defineSlice, text, variable } from '../../platform/config';
import { isUid } from '../../standards/manifest';

const hourMs = 3_600_000;
const seconds = (byDefault: number, min: number, max: number) =>
  text
    .integer(min, max)
    .default(byDefault)
    .transform((value) => value * 1_000);

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
};

/** What must agree between the report and the images before a manifest is made. */
export const pairingRules = ['accession', 'patient-id', 'issuer'] as const;
export type PairingRule = (typeof pairingRules)[number];

export const publicationConfig = defineSlice('publication', {
  enabled: variable('DRIMBOX_PUBLICATION_ENABLED', text.flag(true), {
    describe: 'Publishes; false keeps what is received until another process, or a later start, publishes it',
  }),
  publicUrl: variable('DRIMBOX_EXCHANGE_PUBLIC_URL', text.url('https:').optional(), {
    describe:
      'Address of the exchange listener as other gateways reach it, base path included; written into every manifest. Nothing is published without it',
    example: 'https://db1.example.mesimagesmedicales.fr/drimbox/rs',
  }),
  retrieveLocationUid: variable(
    'DRIMBOX_PUBLICATION_RETRIEVE_LOCATION_UID',
    z.string().refine(isUid, 'not a UID').optional(),
    { describe: 'RetrieveLocationUID (0040,E011) of the manifests, if any' },
  ),
  uidRoot: variable('DRIMBOX_UID_ROOT', z.string().max(24).refine(isUid, 'not a UID').default('2.25'), {
    describe: 'Root of the UIDs of the manifests, at most 24 characters',
  }),
  timeZone: variable('DRIMBOX_TIME_ZONE', z.string().refine(isTimeZone, 'not a time zone').default('Europe/Paris'), {
    describe: 'Time zone of the dates in the manifests',
  }),
  delayMs: variable('DRIMBOX_PUBLICATION_DELAY_SECONDS', seconds(60, 0, 604_800), {
    describe: 'Time between a report and its publication: a report corrected meanwhile is published once',
    unit: 's',
  }),
  stableMs: variable('DRIMBOX_PUBLICATION_STABLE_SECONDS', seconds(30, 0, 86_400), {
    describe: 'The number of instances in the PACS must stay the same for this long; 0 believes the first count',
    unit: 's',
  }),
  imagesRetryMs: variable('DRIMBOX_PUBLICATION_IMAGES_RETRY_SECONDS', seconds(120, 1, 86_400), {
    describe: 'How long to wait before the PACS is asked again for a study that it does not hold; doubled each time',
    unit: 's',
  }),
  imagesRetryMsMax: variable('DRIMBOX_PUBLICATION_IMAGES_RETRY_SECONDS_MAX', seconds(1_800, 1, 86_400), {
    describe: 'Longest such wait',
    unit: 's',
  }),
  imagesWaitMsMax: variable(
    'DRIMBOX_PUBLICATION_IMAGES_HOURS_MAX',
    text
      .integer(0, 8_760)
      .default(72)
      .transform((hours) => hours * hourMs),
    {
      describe: 'Images that have not come after this time are no longer waited for: somebody has to look',
      unit: 'hours',
    },
  ),
  pairing: variable(
    'DRIMBOX_PUBLICATION_PAIRING',
    text
      .list()
      .refine(
        (list) => list.every((rule) => (pairingRules as readonly string[]).includes(rule)),
        'words among accession, patient-id, issuer',
      )
      .transform((list) => list as PairingRule[])
      .prefault('accession,patient-id,issuer'),
    {
      describe:
        'What must agree between report and images: accession (number), patient-id (local), issuer (of both, when the PACS tells it)',
    },
  ),
  excludedSopClasses: variable(
    'DRIMBOX_PUBLICATION_EXCLUDED_SOP_CLASSES',
    text
      .list()
      .refine((list) => list.every(isUid), 'UIDs')
      .prefault(''),
    { describe: 'SOP classes that manifests never list (UIDs, comma)' },
  ),
  presentationStates: variable(
    'DRIMBOX_PUBLICATION_PRESENTATION_STATES',
    z.enum(['listed', 'excluded']).default('listed'),
    {
      describe: 'Whether manifests list presentation states',
    },
  ),
  rejectionCodes: variable(
    'DRIMBOX_PUBLICATION_REJECTION_CODES',
    text
      .list()
      .refine(
        (list) => list.every((code) => ['113001', '113037', '113038', '113039'].includes(code)),
        'rejection codes',
      )
      .prefault('113001,113037,113038,113039'),
    {
      describe:
        'Titles of rejection notes (IOCM) whose instances leave the manifest even if the PACS still gives them: quality 113001, safety 113037, worklist 113038, retention 113039',
    },
  ),
  instancesMax: variable('DRIMBOX_PUBLICATION_INSTANCES_MAX', text.integer(1, 100_000).default(50_000), {
    describe: 'Instances of one study; a larger one is refused',
  }),
  concurrency: variable('DRIMBOX_PUBLICATION_CONCURRENCY', text.integer(1, 64).default(4), {
    describe: 'Publications worked on at once by this process',
  }),
  pollMs: variable('DRIMBOX_PUBLICATION_POLL_MS', text.integer(20, 60_000).default(1_000), {
    describe: 'How often the database is asked for work when there was none',
    unit: 'ms',
  }),
  leaseMs: variable('DRIMBOX_PUBLICATION_LEASE_MS', text.integer(1_000, 3_600_000).default(120_000), {
    describe: 'A publication whose worker gave no sign for this long is taken over',
    unit: 'ms',
  }),
  retryMs: variable('DRIMBOX_PUBLICATION_RETRY_SECONDS', seconds(30, 1, 86_400), {
    describe:
      'How long to wait after a failure of the DMP or of the PACS; doubled each time, at random up to half shorter',
    unit: 's',
  }),
  retryMsMax: variable('DRIMBOX_PUBLICATION_RETRY_SECONDS_MAX', seconds(3_600, 1, 604_800), {
    describe: 'Longest such wait',
    unit: 's',
  }),
  attemptsMax: variable('DRIMBOX_PUBLICATION_ATTEMPTS_MAX', text.integer(1, 10_000).default(80), {
    describe: 'Failures after which a publication is given up until somebody tries it again',
  }),
  alarmMs: variable(
    'DRIMBOX_PUBLICATION_ALARM_MINUTES',
    text
      .integer(1, 10_080)
      .default(30)
      .transform((minutes) => minutes * 60_000),
    { describe: 'A publication overdue for this long raises an alarm', unit: 'minutes' },
  ),
});
