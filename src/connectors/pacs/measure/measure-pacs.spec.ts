import { DicomAttributes, InstanceSink, Pacs, RetrievalOutcome, RetrievalRequest } from '../pacs.port';
import { measurePacs } from './measure-pacs';

const jpegLs = '1.2.840.10008.1.2.4.80';
const explicitLittle = '1.2.840.10008.1.2.1';
const jpeg2000 = '1.2.840.10008.1.2.4.90';
const uids = ['1.2.3.1.1', '1.2.3.1.2'];

/** A PACS that sends each image in the syntax of its method, and says of the stored one what it is told to. */
function pacsThat(sends: Record<string, string>, answers: (uid: string) => readonly string[] | Error): Pacs {
  const pacs: Pick<Pacs, 'id' | 'kind' | 'findSeries' | 'findInstances' | 'retrieve'> = {
    id: 'main',
    kind: 'dimse',
    findSeries: () => Promise.resolve([{ SeriesInstanceUID: ['1.2.3.1'] }]),
    findInstances: async (_study, _series, keys) => {
      await Promise.resolve();
      return uids.map((uid): DicomAttributes => {
        const told = 'AvailableTransferSyntaxUID' in keys ? answers(uid) : [];
        if (told instanceof Error) throw told;
        return { SOPInstanceUID: [uid], SOPClassUID: ['1.2'], AvailableTransferSyntaxUID: told };
      });
    },
    retrieve: ({ instances, method = 'move' }: RetrievalRequest, sink: InstanceSink) => {
      for (const { sopInstanceUid, sopClassUid } of instances) {
        sink.begin({ sopInstanceUid, sopClassUid, transferSyntaxUid: sends[method] });
        sink.write(Buffer.alloc(100));
        sink.end();
      }
      return Promise.resolve({ parallel: 1 } as RetrievalOutcome);
    },
  };
  return pacs as Pacs;
}

const says = (answer: readonly string[]) => () => answer;
const both = (syntax: string) => ({ move: syntax, get: syntax });

describe('whether the PACS converts on the way', () => {
  it.each<[string, Pacs, string | undefined, unknown[]]>([
    ['kept as received, says the PACS', pacsThat(both(jpegLs), says([jpegLs])), undefined, ['pacs', undefined, 0]],
    [
      'decompressed by both methods, as the PACS lets know',
      pacsThat(both(explicitLittle), says([jpegLs])),
      undefined,
      ['pacs', 'transcoding', 1],
    ],
    [
      'what the operator says comes first',
      pacsThat(both(explicitLittle), says([jpegLs])),
      explicitLittle,
      ['option', undefined, 0],
    ],
    ['the PACS says nothing', pacsThat(both(explicitLittle), says([])), undefined, ['nothing', undefined, 1]],
    [
      'the PACS says all that it could send',
      pacsThat(both(explicitLittle), says([explicitLittle, jpegLs])),
      undefined,
      ['nothing', undefined, 1],
    ],
    [
      'the PACS refuses the question',
      pacsThat(both(jpegLs), () => new Error('A900')),
      undefined,
      ['nothing', undefined, 1],
    ],
  ])('%s', async (_name, pacs, expectedTransferSyntaxUid, told) => {
    const { measures } = await measurePacs(pacs, { studyInstanceUid: '1.2.3', expectedTransferSyntaxUid });
    for (const one of measures) expect([one.comparedWith, one.cause?.code, one.warnings.length]).toEqual(told);
  });

  it('one method brings compressed what the other brings decompressed', async () => {
    const pacs = pacsThat({ move: jpegLs, get: explicitLittle }, says([]));
    const { measures, text } = await measurePacs(pacs, { studyInstanceUid: '1.2.3' });
    const [move, get] = measures;
    expect([move.comparedWith, move.cause]).toEqual(['nothing', undefined]);
    expect([get.comparedWith, get.cause?.code]).toEqual(['other-method', 'transcoding']);
    expect(get.warnings).toEqual([expect.stringContaining(`${explicitLittle} au lieu de ${jpegLs}`)]);
    expect(text).toMatch(/cause : le PACS décompresse les images avant l'envoi/);
  });

  it('says of how many images nothing is known', async () => {
    const pacs = pacsThat(both(jpeg2000), (uid) => (uid === uids[0] ? [jpeg2000] : []));
    const { measures, text } = await measurePacs(pacs, { studyInstanceUid: '1.2.3' });
    expect(measures[0].comparedWith).toBe('pacs');
    expect(text).toMatch(/attention : syntaxe de transfert non comparée pour 1 image\(s\)/);
  });
});
