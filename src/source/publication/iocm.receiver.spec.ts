import type { StoreRequest, StoreTarget } from '../../connectors/pacs';
import { IocmReceiver } from './iocm.receiver';

const request: StoreRequest = {
  callingAeTitle: 'PACS',
  calledAeTitle: 'DRIMBOX',
  peerAddress: '',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.88.59',
  sopInstanceUid: '1.2.3',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
};
const nothing = {} as never;
const receiver = new IocmReceiver(nothing, nothing, nothing, nothing, nothing, nothing);
const targetOf = (changes: Partial<StoreRequest> = {}) => receiver.open({ ...request, ...changes });

describe('the receiver of rejection notes', () => {
  it('takes pushed key objects only: no image, no sub-operation of a C-MOVE', () => {
    expect(targetOf()).toBeDefined();
    expect(targetOf({ sopClassUid: '1.2.840.10008.5.1.4.1.1.2' })).toBeUndefined();
    expect(targetOf({ moveOriginatorMessageId: 4 })).toBeUndefined();
  });

  it('answers that it cannot understand what is no key object', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('not DICOM at all'), Buffer.alloc(200, 1)]) {
      const target = targetOf() as StoreTarget;
      target.write(bytes);
      expect(await target.end()).toBe(0xc000);
    }
  });

  it('holds no more than its limit', async () => {
    const target = targetOf() as StoreTarget;
    for (let megabytes = 0; megabytes < 40; megabytes++) target.write(Buffer.alloc(1_048_576));
    expect(await target.end()).toBe(0xa700);
  });
});
