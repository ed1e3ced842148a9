import { readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { parseXmlRoot } from '../xmlsec';
import { readWhiteList, verifyWhiteList, type WhiteListPolicy } from './index';

const policy = (change: Partial<WhiteListPolicy> = {}): WhiteListPolicy => ({
  at: new Date('2025-06-01T00:00:00Z'),
  signer: { commonName: 'Liste Blanche DRIM-M', organizationalUnit: '318751275100020' },
  // The issuing authority is not in the file: the signer himself is the anchor of this test.
  trust: () => undefined,
  strictForm: true,
  ...change,
});

describeWithShared('the real lists', () => {
  const file = (name: string): Buffer =>
    readFileSync(sharedPath('reference/drim-m-data/white-list', `LISTEBLANCHE_DRIM-M_${name}_TEST_.xml`));

  it('the signed one is accepted at a clock inside the dates of its certificate', () => {
    const verdict = verifyWhiteList(file('SIGNEE'), policy());
    expect(verdict).toMatchObject({ accepted: true, signedAt: new Date('2024-12-26T12:43:48Z') });
    if (!verdict.accepted) return;
    expect(verdict.list.generatedAt).toEqual(new Date('2024-04-22T11:08:12Z'));
    expect(verdict.list.entries.map(({ db }) => db)).toEqual(
      [3, 4, 5, 7, 8, 9].map((n) => `db${n}.test.mesimagesmedicales.fr`),
    );
    expect(verdict.list.unusable).toEqual([]);
  });

  it.each([
    ['before its certificate', { at: new Date('2023-09-12T10:00:43Z') }, 'signer-not-yet-valid'],
    ['after its certificate', { at: new Date('2026-09-12T10:00:45Z') }, 'signer-expired'],
    ['another CN asked', { signer: { commonName: 'Liste', organizationalUnit: '318751275100020' } }, 'signer-name'],
    ['another OU asked', { signer: { commonName: 'Liste Blanche DRIM-M', organizationalUnit: '3' } }, 'signer-name'],
    ['no chain', { trust: () => 'signer-untrusted' as const }, 'signer-untrusted'],
    ['revoked', { trust: () => 'signer-revoked' as const }, 'signer-revoked'],
  ])('is refused: %s', (_name, change, reason) => {
    expect(verifyWhiteList(file('SIGNEE'), policy(change))).toMatchObject({ accepted: false, reason });
  });

  it('the unsigned twin holds the same entries and is refused', () => {
    expect(verifyWhiteList(file('NONSIGNEE'), policy())).toMatchObject({ accepted: false, reason: 'unsigned' });
    expect(readWhiteList(parseXmlRoot(file('NONSIGNEE')))?.entries).toHaveLength(6);
  });

  it('each one-byte change is refused', () => {
    const original = file('SIGNEE');
    const accepted: string[] = [];
    const attempt = (at: number, value: number): void => {
      if (original[at] === value) return;
      const altered = Buffer.from(original);
      altered[at] = value;
      if (verifyWhiteList(altered, policy()).accepted) accepted.push(`${at}: ${original[at]} -> ${value}`);
    };
    for (let at = 0; at < original.length; at += 1) {
      const byte = original.readUInt8(at);
      // Every byte once; white space by every other white space, since a parser takes those for equal most easily.
      if (byte === 0x20 || byte === 0x09 || byte === 0x0a)
        [0x20, 0x09, 0x0a, 0x0d].forEach((value) => attempt(at, value));
      else attempt(at, byte ^ (at % 3 === 0 ? 0x20 : 0x01));
    }
    expect(accepted).toEqual([]);
  }, 240_000);

  it('each byte left out and each white space put in is refused, but a line end at the end', () => {
    const original = file('SIGNEE');
    const accepted: number[] = [];
    const attempt = (at: number, inserted: string, dropped: number): void => {
      const altered = Buffer.concat([original.subarray(0, at), Buffer.from(inserted), original.subarray(at + dropped)]);
      if (verifyWhiteList(altered, policy()).accepted) accepted.push(at);
    };
    for (let at = 0; at < original.length; at += 7) {
      attempt(at, '', 1);
      attempt(at, at % 2 === 0 ? ' ' : '\n', 0);
    }
    expect(accepted).toEqual([]);
    attempt(original.length, '\n', 0);
    expect(accepted).toEqual([original.length]);
  });
});
