import { RequestsUnderWay } from './requests-under-way';

describe('requests under way', () => {
  it('refuses a peer beyond its limit with 429, and everybody beyond the limit of all with 503', () => {
    const requests = new RequestsUnderWay({ all: 3, perPeer: 2 });
    requests.enter('a');
    const leave = requests.enter('a');
    expect(() => requests.enter('a')).toThrow(
      expect.objectContaining({ code: 'serving.too-many-requests', retryAfterSeconds: 2 }),
    );
    requests.enter('b');
    expect(() => requests.enter('c')).toThrow(expect.objectContaining({ code: 'serving.busy', retryAfterSeconds: 5 }));
    leave();
    expect(requests.count).toBe(2);
    requests.enter('c');
    expect(() => requests.enter('d')).toThrow();
  });

  it('gives a place back once, however often it is told', () => {
    const requests = new RequestsUnderWay({ all: 2, perPeer: 2 });
    const leave = requests.enter('a');
    requests.enter('a');
    leave();
    leave();
    leave();
    expect(requests.count).toBe(1);
    requests.enter('a');
    expect(() => requests.enter('a')).toThrow();
  });

  it('a refused request takes no place', () => {
    const requests = new RequestsUnderWay({ all: 10, perPeer: 1 });
    const leave = requests.enter('a');
    for (let i = 0; i < 20; i++) expect(() => requests.enter('a')).toThrow();
    leave();
    expect(requests.count).toBe(0);
    expect(() => requests.enter('a')).not.toThrow();
  });
});
