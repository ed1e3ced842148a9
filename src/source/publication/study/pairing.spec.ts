import type { ImagingReport } from '../../../standards/cda';
import type { PairingRule } from '../publication.config';
import { pairingFault } from './pairing';

const study = { accessionNumber: 'A1', accessionIssuer: '', patientId: 'P1', patientIdIssuer: '' };
const report = {
  orders: [{ accession: { root: '1.2.3', extension: 'A1' } }, { accession: { root: '1.2.3', extension: 'A2' } }],
  patient: { localId: { root: '1.2.4', extension: 'P1' } },
} as unknown as Pick<ImagingReport, 'orders' | 'patient'>;
const all: readonly PairingRule[] = ['accession', 'patient-id', 'issuer'];

describe('the pairing of images and report', () => {
  it.each([
    ['the same numbers', study],
    ['another order of the report', { ...study, accessionNumber: 'A2' }],
    ['the same issuers', { ...study, accessionIssuer: '1.2.3', patientIdIssuer: '1.2.4' }],
  ])('agrees on %s', (_what, images) => expect(pairingFault(images, report, all)).toBeUndefined());

  it.each([
    ['an unknown accession number', { ...study, accessionNumber: 'A3' }, 'accession number of the images is not that'],
    ['no accession number', { ...study, accessionNumber: '' }, 'images have no accession number'],
    ['another issuer of it', { ...study, accessionIssuer: '1.2.9' }, 'issuer of the accession number differs'],
    ['another patient number', { ...study, patientId: 'P2' }, 'patient number of the images is not that'],
    ['no patient number', { ...study, patientId: '' }, 'images have no patient number'],
    ['another issuer of that', { ...study, patientIdIssuer: '1.2.9' }, 'issuer of the patient number differs'],
  ])('refuses %s, in words without values', (_what, images, words) => {
    const fault = pairingFault(images, report, all);
    expect(fault).toContain(words);
    expect(fault).not.toMatch(/[AP]\d|1\.2/);
  });

  it('refuses a report that lacks what is compared', () => {
    expect(pairingFault(study, { ...report, orders: [{}] }, all)).toBe('the report has no accession number');
    const patient = { ...report.patient, localId: undefined };
    expect(pairingFault(study, { ...report, patient }, all)).toBe('the report has no local patient number');
  });

  it('looks only at what the settings name', () => {
    const other = { accessionNumber: 'A1', accessionIssuer: '9', patientId: 'X', patientIdIssuer: '9' };
    expect(pairingFault(other, report, ['accession'])).toBeUndefined();
    expect(pairingFault(other, report, [])).toBeUndefined();
    expect(pairingFault(other, report, ['accession', 'issuer'])).toContain('issuer');
    expect(pairingFault({ ...study, accessionNumber: '' }, report, ['patient-id'])).toBeUndefined();
  });
});
