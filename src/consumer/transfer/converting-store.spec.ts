import { GatewayError } from '../../platform/errors';
import { transcodingErrors } from '../../platform/transcoding';
import type { InstanceToStore } from '../../connectors/pacs';
import { ConvertingStore, type LosslessConverter } from './converting-store';

const jpegLs = '1.2.840.10008.1.2.4.80';
const explicit = '1.2.840.10008.1.2.1';
const implicit = '1.2.840.10008.1.2';
const never = new AbortController().signal;

/** A PACS that takes these syntaxes only, and remembers what it was sent. */
function pacsOf(accepted: readonly string[], refusal = 0xffff) {
  const sent: string[] = [];
  const store = async (instances: Iterable<InstanceToStore> | AsyncIterable<InstanceToStore>) => {
    const outcomes = [];
    for await (const { sopInstanceUid, transferSyntaxUid, open } of instances) {
      const pieces: Buffer[] = [];
      for await (const piece of open()) pieces.push(piece);
      sent.push(`${sopInstanceUid} ${transferSyntaxUid} ${Buffer.concat(pieces).toString()}`);
      const stored = accepted.includes(transferSyntaxUid);
      outcomes.push({ sopInstanceUid, status: stored ? 0 : refusal, stored });
    }
    return outcomes;
  };
  return { sent, store };
}

function converter() {
  const asked: string[] = [];
  const convert: LosslessConverter['convert'] = ({ dataset, from, to }) => {
    asked.push(`${from}>${to}`);
    return Promise.resolve([Buffer.from(`${Buffer.concat([...dataset]).toString()} in ${to}`)]);
  };
  return { asked, convert };
}

const object = (uid: string, transferSyntaxUid = jpegLs) => ({
  sopInstanceUid: uid,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUid,
  pieces: [Buffer.from('pix'), Buffer.from('els')],
});

describe('storing in what a PACS accepts', () => {
  it('sends as it came what is accepted so', async () => {
    const [pacs, made] = [pacsOf([jpegLs]), converter()];
    const outcomes = await new ConvertingStore(pacs, made).store([object('1.1'), object('1.2')], never);
    expect(outcomes).toMatchObject([
      { sopInstanceUid: '1.1', stored: true, bytes: 6, convertedTo: undefined },
      { sopInstanceUid: '1.2', stored: true, bytes: 6 },
    ]);
    expect([pacs.sent.length, made.asked]).toEqual([2, []]);
  });

  it.each([0xffff, 0xc122, 0x0110, 0xa900, 0xa9ff])(
    'converts what is refused with %i, then the following ones at once',
    async (refusal) => {
      const [pacs, made] = [pacsOf([explicit, implicit], refusal), converter()];
      const store = new ConvertingStore(pacs, made);
      const [first] = await store.store([object('1.1')], never);
      expect(first).toMatchObject({ stored: true, convertedTo: explicit, bytes: `pixels in ${explicit}`.length });
      const before = pacs.sent.length;
      expect(await store.store([object('1.2'), object('1.3')], never)).toMatchObject([
        { sopInstanceUid: '1.2', convertedTo: explicit },
        { sopInstanceUid: '1.3', convertedTo: explicit },
      ]);
      expect(pacs.sent.slice(before)).toEqual([
        `1.2 ${explicit} pixels in ${explicit}`,
        `1.3 ${explicit} pixels in ${explicit}`,
      ]);
    },
  );

  it('goes down to implicit, also for what came uncompressed', async () => {
    const [pacs, made] = [pacsOf([implicit]), converter()];
    const store = new ConvertingStore(pacs, made);
    expect(await store.store([object('1.1'), object('1.2', explicit)], never)).toMatchObject([
      { stored: true, convertedTo: implicit },
      { stored: true, convertedTo: implicit },
    ]);
    expect(made.asked).toEqual([`${jpegLs}>${explicit}`, `${jpegLs}>${implicit}`, `${explicit}>${implicit}`]);
  });

  it('does not convert for an association that was only lost', async () => {
    const [pacs, made] = [pacsOf([jpegLs]), converter()];
    let lost = 1;
    const flaky = {
      store: async (instances: Iterable<InstanceToStore> | AsyncIterable<InstanceToStore>) => {
        const outcomes = await pacs.store(instances);
        return lost-- > 0 ? outcomes.map((each) => ({ ...each, status: 0xffff, stored: false })) : outcomes;
      },
    };
    const [outcome] = await new ConvertingStore(flaky, made).store([object('1.1')], never);
    expect(outcome).toMatchObject({ stored: true, convertedTo: undefined });
    expect(made.asked).toEqual([]);
  });

  it('tries once where no conversion helps, and leaves other refusals alone', async () => {
    const [nothing, made] = [pacsOf([], 0x0110), converter()];
    const store = new ConvertingStore(nothing, made);
    expect(await store.store([object('1.1')], never)).toMatchObject([{ stored: false, status: 0x0110 }]);
    expect(await store.store([object('1.2')], never)).toMatchObject([{ stored: false, status: 0x0110 }]);
    expect(made.asked).toHaveLength(2);
    const [full, unused] = [pacsOf([], 0xa700), converter()];
    expect(await new ConvertingStore(full, unused).store([object('1.1')], never)).toMatchObject([{ status: 0xa700 }]);
    expect(unused.asked).toEqual([]);
  });

  it('tells an object that cannot be converted by the answer of the PACS', async () => {
    const pacs = pacsOf([explicit], 0xc122);
    const convert = () => Promise.reject(new GatewayError(transcodingErrors.corruptCodeStream));
    expect(await new ConvertingStore(pacs, { convert }).store([object('1.1')], never)).toMatchObject([
      { sopInstanceUid: '1.1', stored: false, status: 0xc122 },
    ]);
  });
});
