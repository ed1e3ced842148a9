import type { ReportProfessional } from '../../../standards/cda';
import type { VihfCode } from '../../../standards/vihf';
import type { DmpCaller } from '../../../connectors/dmp';
import type { ReportRequest } from '../../intake';

/** Code systems of professions (G15) and of specialities (R38, R39…) as the VIHF names them. */
const professions = '1.2.250.1.71.1.2.7';
const specialities = '1.2.250.1.71.4.2.5';
const physician: VihfCode = { code: '10', system: professions, label: 'Médecin' };

/**
 * Roles of a professional for the VIHF, from the `G15_10/SM44` that a report writes. Physician when the report does not tell:
 * only they validate imaging reports.
 */
export function rolesOf(role: ReportProfessional['role']): VihfCode[] {
  const found = /^G\d{2}_(\d{1,3})(?:\/(\w{1,10}))?$/.exec(role?.code ?? '');
  if (!found?.[1]) return [physician];
  const label = role?.displayName.split(' - ')[0]?.trim();
  const profession = { code: found[1], system: professions, label: label || found[1] };
  if (!found[2]) return [profession];
  const speciality = role?.displayName.split(' - ').slice(1).join(' - ').trim();
  return [profession, { code: found[2], system: specialities, label: speciality || found[2] }];
}

/** On whose behalf a report is published: the professional and the patient; the structure is found by its identifier. */
export function professionalOf({ sender, report }: ReportRequest): Pick<DmpCaller, 'professional' | 'ins'> {
  const performers = report.acts.flatMap(({ performer }) => performer ?? []);
  const known = [...report.authors, ...(report.legalAuthenticator ? [report.legalAuthenticator] : []), ...performers];
  const same = known.find(({ id, role }) => id?.national === sender.professionalId && role);
  return {
    professional: {
      nationalId: sender.professionalId,
      familyName: sender.family,
      givenName: sender.given,
      roles: rolesOf((same ?? known.find(({ role }) => role))?.role),
    },
    ins: report.patient.ins,
  };
}
