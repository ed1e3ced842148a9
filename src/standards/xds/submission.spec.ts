import { readFileSync } from 'node:fs';
import { inputOf, manifestOf, reportOf } from '../../../test/support/submission-builder';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { parseImagingReport } from '../cda';
import { parseXml, parseXmlRoot, select } from '../xmlsec';
import {
  ASSOCIATION,
  NS,
  provideAndRegister,
  readRegistryObjects,
  reportFacts,
  STATUS,
  submissionFor,
  withdrawalFor,
  withSignature,
  type RegistryObjects,
  type Submission,
} from './index';
import { submitObjectsRequest } from './encode';

const objectsIn = (xml: string): RegistryObjects =>
  readRegistryObjects(select('//rim:RegistryObjectList', parseXml(xml), { rim: NS.rim })[0]);

const signed = (changes: Parameters<typeof inputOf>[0] = {}): Submission => {
  const input = inputOf(changes);
  const signature = {
    document: Buffer.from('<Signature/>'),
    uniqueId: '2.25.7',
    signer: input.report.author,
    structure: input.structure,
  };
  return withSignature(submissionFor(input), signature, input.ids);
};

describe('a submission', () => {
  it('is read back equal from its own XML', () => {
    const submission = signed({ replaces: 'urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4' });
    const read = objectsIn(submitObjectsRequest(submission).text);
    expect(read.submissionSets).toEqual([
      { ...submission.submissionSet, comments: undefined, availabilityStatus: undefined },
    ]);
    expect(read.documentEntries).toEqual(submission.documentEntries);
    expect(read.associations).toEqual(submission.associations);
  });

  it('carries hostile names without harm', () => {
    const report = reportOf({ birthFamilyName: `O'B<rien>&"^|~\\`, firstGivenName: ']]>' });
    const read = objectsIn(submitObjectsRequest(signed({ report })).text);
    expect(read.documentEntries[0].sourcePatientInfo[0]).toBe(`PID-5|O'B<rien> "^]]>^^^^^L`);
  });

  it('pairs each entry with one document, and only then', () => {
    const submission = signed();
    const bytes = Buffer.from('x');
    const both = submission.documentEntries.map(({ entryUuid }) => ({ entryUuid, bytes }));
    expect(provideAndRegister(submission, both).attachments.map((one) => one.contentId)).toEqual(['0.2', '0.3']);
    expect(() => provideAndRegister(submission, both.slice(1))).toThrow(TypeError);
    expect(() => provideAndRegister(submission, [both[0], both[0]])).toThrow(TypeError);
  });

  it('replaces by RPLC from the new manifest to the old entry', () => {
    const { associations } = submissionFor(inputOf({ replaces: 'urn:uuid:old' }));
    expect(associations).toContainEqual(
      expect.objectContaining({
        type: ASSOCIATION.replaces,
        sourceObject: 'DocumentKOS',
        targetObject: 'urn:uuid:old',
      }),
    );
  });

  it('names each modality once, from the manifest, else from the report; and leaves no reference without authority', () => {
    const series = ['CT', 'SR', 'CT'].map((modality, index) => ({
      seriesInstanceUid: `1.${String(index)}`,
      modality,
      instances: [],
    }));
    const manifest = manifestOf({
      studies: [{ studyInstanceUid: '1.2.3', requests: [{ accession: { value: 'A' } }], series }],
    });
    const [entry] = submissionFor(inputOf({ manifest })).documentEntries;
    expect(entry.eventCodeList.map((code) => code.code)).toEqual(['63337009', 'CT', 'SR']);
    expect(entry.referenceIdList).toEqual(['1.2.3^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID']);
    const without = manifestOf({ studies: [{ studyInstanceUid: '1.2.3', requests: [], series: [] }] });
    const [fallback] = submissionFor(inputOf({ manifest: without })).documentEntries;
    expect(fallback.eventCodeList.map((code) => code.code)).toEqual(['63337009', 'MR']);
  });

  it('writes times in UTC and identifiers that differ each time', () => {
    const input = inputOf();
    const [one, two] = [submissionFor(input), submissionFor(input)];
    expect(one.documentEntries[0].creationTime).toBe('20231114134457');
    expect(one.submissionSet.submissionTime).toBe('20231114134458');
    expect(one.submissionSet.uniqueId).not.toBe(two.submissionSet.uniqueId);
  });

  it('withdraws by the status of the DMP', () => {
    const input = inputOf();
    const { associations, documentEntries } = withdrawalFor({
      ins: input.report.ins,
      entryUuid: 'urn:uuid:old',
      author: { authorInstitution: [], authorRole: [], authorSpecialty: [] },
      contentTypeCode: { code: '07', scheme: '1.2.250.1.213.2.2', display: 'x' },
      sourceId: '1.2',
      ids: input.ids,
      clock: input.clock,
    });
    expect(documentEntries).toEqual([]);
    expect(associations).toEqual([
      expect.objectContaining({
        type: ASSOCIATION.updateAvailabilityStatus,
        targetObject: 'urn:uuid:old',
        originalStatus: STATUS.approved,
        newStatus: STATUS.deleted,
      }),
    ]);
  });
});

describeWithShared('the pattern of the ANS samples', () => {
  const sample = (...path: string[]) => {
    const text = readFileSync(sharedPath('reference', ...path), 'utf8');
    const at = text.indexOf('<soap:Envelope');
    return objectsIn(text.slice(at, text.indexOf('</soap:Envelope>') + '</soap:Envelope>'.length));
  };

  it('publication.xml: same objects, same fields, same values but for the departures told here', () => {
    const ans = sample('ans-samples', 'XDS', 'publication.xml');
    const document = readFileSync(sharedPath('reference', 'ans-samples', 'KOS', 'ko.dcm'));
    const [theirs, theirSignature] = ans.documentEntries;
    const manifest = manifestOf({ sopInstanceUid: '1.3.2.751468943.3.1234.56838.231114144457.1.1.1' });
    const input = inputOf({ manifest, document, structure: { id: '499700367909006', name: 'BCOM' } });
    const signature = {
      document: Buffer.from('<Signature/>'),
      uniqueId: theirSignature.uniqueId,
      signer: input.report.author,
      structure: input.structure,
    };
    const ours = objectsIn(submitObjectsRequest(withSignature(submissionFor(input), signature, input.ids)).text);

    const study = '1.3.6.1.4.1.5962.99.1.3711725607.829148806.1687338938407.3.116';
    expect(ours.documentEntries[0]).toEqual({
      ...theirs,
      // UTC instead of local time (ITI TF-3 4.2.3.1.7)
      creationTime: '20231114134457',
      submissionTime: '20231114134458',
      serviceStartTime: '20210104082200',
      serviceStopTime: '20210104150500',
      // the gateway as author, as in the newer sample of the ANS validator
      authors: [
        expect.objectContaining({
          authorPerson: '899711256811^DRIMBox^ANS^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^EI',
          authorInstitution: theirs.authors[0].authorInstitution,
        }),
      ],
      // the INS keeps its own type when no local identifier is known
      sourcePatientId: theirs.patientId,
      // the place of birth is a strict trait
      sourcePatientInfo: [...theirs.sourcePatientInfo, 'PID-11|^^^^^^BDL^^29758'],
      // the placeholder authority 1.2.3.4.5.6 of the samples is not copied
      referenceIdList: theirs.referenceIdList.map((one) =>
        one.replace(`${study}^^^&1.2.3.4.5.6&`, `${study}^^^&1.2.840.10008.2.6.1&`),
      ),
    });
    expect(ours.documentEntries[1]).toEqual({
      ...theirSignature,
      ...Object.fromEntries(
        ['creationTime', 'submissionTime', 'serviceStartTime', 'serviceStopTime'].map((name) => [
          name,
          '20231114134458',
        ]),
      ),
      referenceIdList: ours.documentEntries[0].referenceIdList,
      hash: expect.stringMatching(/^[0-9a-f]{40}$/),
      size: signature.document.length,
    });
    const shape = (objects: RegistryObjects) => objects.associations.map(({ id: _, ...rest }) => rest);
    expect(shape(ours)).toEqual(shape(ans));
    expect(ours.submissionSets[0]).toMatchObject({
      patientId: ans.submissionSets[0].patientId,
      sourceId: ans.submissionSets[0].sourceId,
      contentTypeCode: { scheme: '1.2.250.1.213.2.2' },
    });
  });

  it('Metadata_invisible_masque.xml: restricted visibility is read', () => {
    const [kos] = sample('drim-m-data', 'xds-metadata', 'Metadata_invisible_masque.xml').documentEntries;
    const ours = submissionFor(
      inputOf({ flags: { masquePs: true, invisiblePatient: true, invisibleRepresentantsLegaux: true } }),
    );
    expect(kos.confidentialityCode).toEqual(ours.documentEntries[0].confidentialityCode);
  });

  it('takes the facts of each study from a real report', () => {
    const report = parseImagingReport(
      readFileSync(sharedPath('reference', 'ans-samples', 'CDA', 'IMG_CR_IMG_2023.11_CDA-R2-Niveau-1.xml')),
    );
    if (!report.ok) throw new Error('sample not readable');
    const studies = [...new Set(report.value.acts.map((act) => act.studyInstanceUid))];
    expect(studies.length).toBeGreaterThan(1);
    for (const studyInstanceUid of studies) {
      const read = reportFacts(report.value, { studyInstanceUid });
      expect(read).toMatchObject({
        ok: true,
        facts: {
          healthcareFacilityType: { scheme: '1.2.250.1.71.4.2.4' },
          serviceStart: expect.stringMatching(/^\d{14}$/),
        },
      });
      expect(read.ok && read.facts.modalities.length).toBeGreaterThan(0);
    }
    expect(reportFacts(report.value, { studyInstanceUid: '1.2' })).toEqual({
      ok: false,
      missing: 'no act of this study',
    });
  });
});

describe('metadata from elsewhere', () => {
  it('keeps unknown statuses, absent sizes and odd slots from doing harm', () => {
    const list = parseXmlRoot(
      `<RegistryObjectList xmlns="${NS.rim}"><ExtrinsicObject id="u" mimeType="text/xml" status="urn:odd"><Slot name="size"><ValueList><Value>-1</Value></ValueList></Slot></ExtrinsicObject><ObjectRef id="r"/></RegistryObjectList>`,
    );
    const read = readRegistryObjects(list);
    expect(read.documentEntries[0]).toMatchObject({
      entryUuid: 'u',
      availabilityStatus: undefined,
      size: undefined,
      uniqueId: '',
      eventCodeList: [],
    });
    expect(read.objectRefs).toEqual(['r']);
  });
});
