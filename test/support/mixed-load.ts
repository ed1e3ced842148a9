import type { Response } from 'supertest';
import { exchangeBasePath } from '../../sandbox/ready';
import type { Neighbours } from '../../sandbox/neighbours';
import { ackCode, DemoStudy, makeOru, sendOnce } from '../../sandbox/ris';
import { BrowserRobot } from './browser-robot';
import { kosOf } from './publication-bench';
import { callOf } from './record-seed';
import { pause, until } from './sandbox';
import { anySyntax, splitParts, WadoClient } from './wado-client';

export const loadParts = ['reports', 'images', 'pages', 'lists', 'viewers'] as const;
export type LoadPart = (typeof loadParts)[number];

export interface LoadTargets {
  readonly neighbours: Neighbours;
  /** The common addresses. */
  readonly ports: { readonly exchange: number; readonly hl7: number; readonly portal: number };
  /** The study that the next report is about: its images are in the PACS when this resolves. */
  readonly studyNumber: (number: number) => Promise<DemoStudy>;
}

const attemptsMax = 300;
const betweenAttemptsMs = 200;

/** Manifests of a study in the registry. */
export const manifestsOf = ({ dmp }: Neighbours, studyInstanceUid: string) =>
  kosOf(dmp.registry.allDocuments()).filter(({ slots }) =>
    (slots['urn:ihe:iti:xds:2013:referenceIdList'] ?? []).some((one) => one.startsWith(`${studyInstanceUid}^`)),
  );

/**
 * Everything that goes on at once at a gateway: a RIS, a peer, an auditor, a physician. Each repeats what fails, as its
 * caller would; what it has got is counted, and what it had to repeat is told.
 */
export class MixedLoad {
  readonly done: Record<LoadPart, number> = { reports: 0, images: 0, pages: 0, lists: 0, viewers: 0 };
  /** Why something was repeated. */
  readonly repeated: string[] = [];
  private isOver = false;
  private parts: Promise<unknown> = Promise.resolve();
  private failure: unknown;

  constructor(private readonly targets: LoadTargets) {}

  /** Sends one report until it is acknowledged, as a RIS does: the same message, the same control id. */
  async report(number: number): Promise<void> {
    const study = await this.targets.studyNumber(number);
    const message = makeOru(study, { controlId: study.accessionNumber });
    const target = { host: '127.0.0.1', port: this.targets.ports.hl7, timeoutMs: 30_000 };
    await this.untilItSucceeds('reports', async () => expectIs(ackCode(await sendOnce(target, message)), 'AA'));
  }

  /** @param studies published already: a peer asks for their images; the physician looks at their patient */
  async start(studies: readonly DemoStudy[]): Promise<void> {
    const auditor = await this.browser('radiologue');
    const physician = await this.browser('generaliste');
    const [{ patient }] = studies;
    let next = studies.length;
    const parts = [
      this.again('reports', 300, () => this.report(next++)),
      this.again('pages', 50, () => this.untilItSucceeds('pages', () => getsPage(auditor, '/journal'))),
      this.again('lists', 100, () => this.untilItSucceeds('lists', () => this.looksAt(physician, patient))),
      ...studies.map((study) => this.imagesOf(study)),
    ];
    for (const part of parts) part.catch((error: unknown) => (this.failure ??= error));
    this.parts = Promise.all(parts);
    this.parts.catch(() => undefined);
  }

  /** Resolves when every part has got something more. */
  async goesOn(): Promise<void> {
    const before = { ...this.done };
    await until(
      'every part of the load gets something more',
      () => this.failure !== undefined || loadParts.every((part) => this.done[part] > before[part]),
    );
    if (this.failure !== undefined) throw this.failure as Error;
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.parts;
  }

  private async again(part: LoadPart, pauseMs: number, work: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      await work();
      this.done[part] += 1;
      await pause(pauseMs);
    }
  }

  private async untilItSucceeds(part: string, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        return await work();
      } catch (error) {
        this.repeated.push(`${part}: ${(error as Error).message}`);
        await pause(betweenAttemptsMs);
      }
    }
    throw new Error(`a request that may be repeated never succeeded: ${this.repeated.at(-1)}`);
  }

  private async browser(username: string): Promise<BrowserRobot> {
    const { neighbours, ports } = this.targets;
    const browser = new BrowserRobot({ neighbours, portalUrl: `https://localhost:${ports.portal}` });
    await browser.login(username);
    await getsPage(browser, '/');
    return browser;
  }

  private imagesOf({ studyInstanceUid }: DemoStudy): Promise<void> {
    const { neighbours, ports } = this.targets;
    const { cert, key } = neighbours.pki.members.listed;
    const kos = manifestsOf(neighbours, studyInstanceUid)[0]?.uniqueId;
    const url = `https://localhost:${ports.exchange}${exchangeBasePath}`;
    const ask = async () => {
      const token = await neighbours.psc.token('radiologue');
      const client = new WadoClient({ url, ca: neighbours.pki.exchangeCa, cert, key });
      try {
        const answer = await client.get(`/studies/${studyInstanceUid}`, { accept: anySyntax, kos, token });
        expectIs(answer.status, 200);
        if (answer.cut) throw new Error(`cut: ${answer.error}`);
        expectIs(splitParts(answer).length, 1);
      } finally {
        client.close();
      }
    };
    return this.again('images', 20, () => this.untilItSucceeds('images', ask));
  }

  /** A call of the RIS, its address, the list of the patient's exams; the viewer on one of them; closed. */
  private async looksAt(physician: BrowserRobot, patient: DemoStudy['patient']): Promise<void> {
    const call = await physician.agent.post('/contextual-call').type('form').send(callOf(patient));
    expectStatus(call, 303);
    const opened = await physician.page(new URL(call.headers.location ?? '').pathname);
    expectStatus(opened, 303);
    const record = opened.headers.location ?? '';
    // The test patient was examined years ago.
    const list = await physician.page(`${record}?tout=1`);
    expectStatus(list, 200);
    const exam = /examens\/([\w-]+)\/images/.exec(list.text)?.[1];
    if (exam === undefined) throw new Error('the list holds no exam with images');
    await this.untilItSucceeds('viewers', () => opensViewer(physician, `${record}/examens/${exam}/images`));
    this.done.viewers += 1;
    expectStatus(await physician.send(`${record}/fermer`), 303);
  }
}

async function getsPage(browser: BrowserRobot, path: string): Promise<void> {
  expectStatus(await browser.page(path), 200);
}

/** Opened, and open: the process that opened it may have died in between, then it is opened anew. */
async function opensViewer(browser: BrowserRobot, path: string): Promise<void> {
  const answer = await browser.page(path);
  expectStatus(answer, 303);
  await getsPage(browser, answer.headers.location ?? '');
}

/** Names the kind of page without what is opaque in its address. */
function expectStatus({ status, request }: Response & { request?: { url?: string } }, expected: number): void {
  if (status === expected) return;
  const path = new URL(request?.url ?? 'https://localhost/').pathname.replace(/[\w-]{16,}/g, '…');
  throw new Error(`${path} answered ${status}`);
}

function expectIs<T>(found: T, expected: T): void {
  if (found !== expected) throw new Error(`${String(found)} instead of ${String(expected)}`);
}
