import type { ConversionRequest } from '../../../platform/transcoding';
import { convertWithIns } from './convert-with-ins';

const explicit = '1.2.840.10008.1.2.1';
const deflated = '1.2.840.10008.1.2.1.99';
const jpegLs = '1.2.840.10008.1.2.4.80';
const ins = { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10', issuer: undefined };
/** (0008,0060) CS "CT", then pixel data of four bytes. */
const dataset = [Buffer.from('080060004353020043547fe0'.slice(0, 20) + 'e07f10004f57000004000000' + '01020304', 'hex')];

describe('a conversion with the INS', () => {
  const asked: [from: string, to: string, hasIns: boolean][] = [];
  const transcoder = {
    convert: async ({ dataset: given, from, to }: ConversionRequest) => {
      const bytes = Buffer.isBuffer(given) ? given : Buffer.concat(given);
      asked.push([from, to, bytes.includes(ins.matricule)]);
      return [bytes];
    },
  };
  const convert = async (from: string, to: string, given = true) => {
    asked.length = 0;
    const made = await convertWithIns(
      transcoder,
      { dataset, from, to },
      given ? ins : undefined,
      new AbortController().signal,
    );
    return Buffer.concat(made).includes(ins.matricule);
  };

  it('adds it to what was converted', async () => {
    expect(await convert(jpegLs, explicit)).toBe(true);
    expect(asked).toEqual([[jpegLs, explicit, false]]);
  });

  it('adds it before the data set is deflated: the event loop neither inflates nor deflates it', async () => {
    expect(await convert(jpegLs, deflated)).toBe(true);
    expect(asked).toEqual([
      [jpegLs, explicit, false],
      [explicit, deflated, true],
    ]);
    expect(await convert(explicit, deflated)).toBe(true);
    expect(asked).toEqual([[explicit, deflated, true]]);
  });

  it('is a conversion alone where no INS is known', async () => {
    expect(await convert(jpegLs, deflated, false)).toBe(false);
    expect(asked).toEqual([[jpegLs, deflated, false]]);
  });
});
