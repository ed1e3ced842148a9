import type { VihfCode, VihfContext, VihfMoment, VihfRefusal } from './vihf.types';

const filled = (text: string, lengthMax = 200): boolean => text.trim() !== '' && text.length <= lengthMax;
const oid = (text: string): boolean => text.length <= 64 && /^[0-2](\.(0|[1-9][0-9]*))+$/.test(text);
const code = (value: VihfCode): boolean => filled(value.code, 64) && oid(value.system) && filled(value.label);

/** One entry per fact the DMP needs, in the order they are examined; the first that fails is the reason. */
const checks: readonly (readonly [VihfRefusal, (context: VihfContext, moment: VihfMoment) => boolean])[] = [
  ['professional-id', ({ professional }) => /^[A-Za-z0-9/._-]{1,64}$/.test(professional.nationalId)],
  ['professional-name', ({ professional }) => filled(professional.familyName)],
  [
    'roles',
    ({ professional }) =>
      professional.roles.length > 0 && professional.roles.length <= 10 && professional.roles.every(code),
  ],
  ['structure-id', ({ structure }) => /^[A-Za-z0-9/._-]{1,64}$/.test(structure.id)],
  ['sector', ({ structure }) => /^[A-Za-z0-9]{1,16}$/.test(structure.sector.code) && oid(structure.sector.system)],
  ['software', ({ software }) => Object.values(software).every((value) => filled(String(value)))],
  // Written as a CX: a separator in it would name another patient.
  ['ins', ({ ins }) => /^[0-9AB]{15}$/.test(ins.matricule) && oid(ins.oid)],
  ['purpose', ({ purposeOfUse }) => purposeOfUse === undefined || code(purposeOfUse)],
  ['uuid', (_context, { uuid }) => /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(uuid)],
  ['authentication-time', (_context, { issuedAt, authenticatedAt }) => (authenticatedAt ?? issuedAt) <= issuedAt],
];

export function vihfRefusal(context: VihfContext, moment: VihfMoment): VihfRefusal | undefined {
  return checks.find(([, holds]) => !holds(context, moment))?.[0];
}
