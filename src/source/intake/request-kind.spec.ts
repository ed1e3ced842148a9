import { decideKind, isFinal, isKnownOrderControl, KindEvidence } from './request-kind';

const decide = (orderControl: string, documentStatus: string, event: string, more: Partial<KindEvidence> = {}) => {
  const { kind, contradictions } = decideKind({
    orderControl,
    documentStatus,
    event,
    visibilityOnly: false,
    replaces: false,
    ...more,
  });
  return [kind, contradictions.length];
};

describe('kind of request', () => {
  it.each([
    ['NW', 'F', 'R01', 'initial', 0],
    ['NW', 'F', 'T02', 'initial', 0],
    ['RO', 'C', 'R01', 'replacement', 0],
    ['RO', 'C', 'T10', 'replacement', 0],
    ['CA', 'D', 'R01', 'deletion', 0],
    ['CA', 'D', 'T04', 'deletion', 0],
    ['', 'F', 'R01', 'initial', 0],
    ['', '', 'R01', 'initial', 0],
    ['', 'D', 'R01', 'deletion', 0],
    ['NW', 'C', 'R01', 'replacement', 1],
    ['RO', 'F', 'R01', 'initial', 1],
    ['CA', 'F', 'R01', 'initial', 1],
    ['NW', 'D', 'R01', 'deletion', 1],
    ['CA', 'F', 'T04', 'deletion', 1],
    ['CA', 'D', 'T02', 'deletion', 1],
    ['RO', 'F', 'T02', 'initial', 1],
    ['NW', 'C', 'T10', 'replacement', 1],
    ['NW', 'C', 'T04', 'replacement', 2],
    ['RO', '', 'T02', 'initial', 1],
  ])('ORC-1 %s, OBX-11 %s, event %s: %s, %i contradictions', (orderControl, status, event, kind, contradictions) => {
    expect(decide(orderControl, status, event)).toEqual([kind, contradictions]);
  });

  it('takes MODIF_CONF_CODE=Y as a change of visibility, as the published examples have it', () => {
    const visibilityOnly = true;
    expect(decide('RO', 'C', 'T10', { visibilityOnly })).toEqual(['visibility', 0]);
    expect(decide('NW', 'C', 'R01', { visibilityOnly })).toEqual(['visibility', 1]);
    expect(decide('NW', 'F', 'R01', { visibilityOnly })).toEqual(['visibility', 1]);
    expect(decide('CA', 'D', 'R01', { visibilityOnly })).toEqual(['deletion', 1]);
  });

  it('replaces when the report says that it replaces', () => {
    expect(decide('NW', 'F', 'R01', { replaces: true })).toEqual(['replacement', 1]);
    expect(decide('RO', 'C', 'R01', { replaces: true })).toEqual(['replacement', 0]);
    expect(decide('CA', 'D', 'R01', { replaces: true })).toEqual(['deletion', 0]);
  });

  it('knows final results and order controls only', () => {
    expect(['F', 'C', 'D', 'W', ''].every(isFinal)).toBe(true);
    expect(['P', 'R', 'I', 'toString'].some(isFinal)).toBe(false);
    expect(['NW', 'RO', 'CA', ''].every(isKnownOrderControl)).toBe(true);
    expect(['SC', 'nw', 'constructor'].some(isKnownOrderControl)).toBe(false);
  });
});
