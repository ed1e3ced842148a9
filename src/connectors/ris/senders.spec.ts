import { findSender, noOverrides, sendersSchema } from './senders';

describe('senders', () => {
  const rules = sendersSchema.parse([
    { application: '*', facility: 'CHU', overrides: { pidOptional: true } },
    { application: 'RIS', facility: 'CHU', overrides: { assumeDestDmp: true } },
    { application: 'RIS', facility: '*' },
  ]);

  it('takes the most precise rule', () => {
    expect(findSender(rules, { application: 'RIS', facility: 'CHU' })).toMatchObject({
      assumeDestDmp: true,
      pidOptional: false,
    });
    expect(findSender(rules, { application: 'PFI', facility: 'CHU' })).toMatchObject({ pidOptional: true });
    expect(findSender(rules, { application: 'RIS', facility: 'X' })).toEqual(noOverrides);
  });

  it('refuses a sender that a list does not name, and accepts any without a list', () => {
    expect(findSender(rules, { application: 'PFI', facility: 'X' })).toBeUndefined();
    expect(findSender([], { application: 'PFI', facility: 'X' })).toEqual(noOverrides);
  });

  it('refuses a departure that it does not know', () => {
    expect(sendersSchema.safeParse([{ application: 'A', facility: 'B', overrides: { trustAll: true } }]).success).toBe(
      false,
    );
  });
});
