import { demoPatients } from '../../sandbox/demo-data';
import { accessibilityFaults, launchBrowser, overflowsSideways, picture, TestBrowser } from '../support/browser';
import { PortalBench, startPortalBench } from '../support/portal-bench';
import { manifestOfExam, monthsAgo, seedExam } from '../support/record-seed';

type Page = import('playwright-core').Page;
const { thorax, head, abdomen } = demoPatients;

/** What the list costs the browser, beside what drawing as many lines costs it: medians, in milliseconds. */
function costOfList() {
  const table = document.querySelector<HTMLTableElement>('#exams')!;
  const search = document.querySelector<HTMLInputElement>('#texte')!;
  const median = (work: () => void): number => {
    const times = Array.from({ length: 9 }, () => {
      const startedMs = performance.now();
      work();
      // Reading a size makes the browser do the layout now.
      void document.body.offsetHeight;
      return performance.now() - startedMs;
    });
    return times.sort((one, other) => one - other)[4] ?? 0;
  };
  const body = table.tBodies[0];
  const html = body.outerHTML;
  const drawMs = median(() => {
    const copy = document.createElement('table');
    copy.className = 'exams';
    copy.innerHTML = html;
    document.body.append(copy);
    void document.body.offsetHeight;
    copy.remove();
  });
  const words = ['suivi', 'suivi 12', 'suivi 1250', 'scanner', ''];
  let turn = 0;
  const searchMs = median(() => {
    search.value = words[turn++ % words.length] ?? '';
    search.dispatchEvent(new Event('input'));
  });
  search.value = '';
  search.dispatchEvent(new Event('input'));
  const tick = table.querySelector<HTMLInputElement>('input[name=examens]')!;
  const tickMs = median(() => tick.click());
  const scrollMs = median(() => window.scrollBy(0, 400));
  return { drawMs, searchMs, tickMs, scrollMs, elementsPerExam: body.querySelectorAll('*').length / body.rows.length };
}

/** Real: Chromium, the whole gateway over HTTPS, the sandbox RIS page, Pro Santé Connect and DMP. */
describe('from the RIS to the exams', () => {
  let bench: PortalBench;
  let browser: TestBrowser;

  beforeAll(async () => {
    bench = await startPortalBench({ DRIMBOX_PUBLICATION_ENABLED: 'false' });
    const { dmp } = bench.neighbours;
    seedExam(dmp, {
      number: 1,
      at: monthsAgo(1),
      report: true,
      series: [120, 60],
      description: 'Scanner du thorax avec injection',
    });
    seedExam(dmp, {
      number: 2,
      at: monthsAgo(9),
      report: true,
      series: [80],
      description: 'Scanner du thorax sans injection',
      structure: { id: '1690000001', name: 'Hôpital d’essai des pairs' },
    });
    seedExam(dmp, {
      number: 3,
      at: monthsAgo(4),
      modality: 'MR',
      series: [40, 40, 20],
      description: 'IRM de l’abdomen',
      region: { code: '63337009', display: 'Abdomen et pelvis' },
      structure: { id: '1690000001', name: 'Hôpital d’essai des pairs' },
      report: true,
      masked: true,
      accession: 'ACC-3003',
    });
    seedExam(dmp, {
      number: 4,
      at: monthsAgo(6),
      modality: 'DX',
      images: false,
      report: true,
      description: 'Radiographie du thorax',
    });
    seedExam(dmp, {
      number: 5,
      at: monthsAgo(7),
      entryPatient: { ...thorax, birthDate: '19630112' },
      description: 'Échographie abdominale',
      modality: 'US',
    });
    seedExam(dmp, { number: 6, at: monthsAgo(40), description: 'Scanner ancien' });
    seedExam(dmp, {
      number: 7,
      at: monthsAgo(2),
      patient: head,
      modality: 'MR',
      description: 'IRM cérébrale',
      report: true,
      region: { code: '69536005', display: 'Tête' },
    });
    browser = await launchBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await bench?.close();
  });

  /** Presses the RIS button of a patient; the exams open in a tab of their own. */
  async function callFor(page: Page, family: string, username?: string, consent?: string): Promise<Page> {
    await page.goto(bench.neighbours.risPage.url);
    const line = page.locator('tbody tr', { hasText: family });
    if (consent) await line.locator('select').selectOption(consent);
    const [tab] = await Promise.all([page.context().waitForEvent('page'), line.locator('button').click()]);
    if (username) {
      await tab.waitForSelector('#username');
      await tab.fill('#username', username);
      await tab.fill('#password', username);
      await tab.click('button[type=submit]');
    }
    await tab.waitForURL(/\/dossier\//);
    await tab.waitForLoadState('networkidle');
    return tab;
  }

  const family = (page: Page) => page.locator('.patient .family').textContent();

  it.each(['desk', 'hand'] as const)('call, login, situation, list, report: %s', async (width) => {
    const { page, problems } = await browser.newPerson(width);
    await page.goto(bench.neighbours.risPage.url);
    await picture(page, `exams-ris-${width}`);
    const tab = await callFor(page, thorax.family, 'radiologue');
    await see(tab, 'situation', width);
    await tab.click('main form button');
    await tab.waitForSelector('#exams');
    await tab.waitForFunction(() => /2 \/ 180/.test(document.querySelector('#exams')?.textContent ?? ''));
    await see(tab, 'list', width);
    expect(await tab.locator('td.counts[title="2 séries, 180 images"]').count()).toBe(1);
    // Both lists of the banner: the five strict traits without asking, the others when they are asked for.
    const shown = (list: string) => tab.locator(`.patient ${list} dd:visible`).allTextContents();
    expect(await shown('.strict')).toEqual([
      thorax.family,
      thorax.given.split(' ')[0],
      '12/01/1962',
      { F: 'Féminin', M: 'Masculin' }[thorax.gender],
      thorax.birthPlace,
    ]);
    expect(await shown('.more')).toEqual([]);
    await tab.click('.patient details.more summary');
    const more = await shown('.more');
    expect(more.map((text) => text.replaceAll(' ', ''))).toEqual(
      expect.arrayContaining([thorax.ins, thorax.oid, thorax.given.replaceAll(' ', ''), thorax.patientId]),
    );
    expect(await tab.locator('.patient .more dt:visible').allTextContents()).toHaveLength(more.length);
    await see(tab, 'traits', width);
    await tab.click('.patient details.more summary');
    expect(tab.url()).not.toMatch(/ESSAI|DEMO|1962/);
    await tab.click('tr.blocked summary');
    expect(await tab.locator('tr.blocked .when').textContent()).toMatch(/^\d{2}\/\d{2}\/\d{4}$/);
    await see(tab, 'differs', width);
    await tab.click('a.report');
    await tab.waitForSelector('.report-frame');
    await tab.waitForTimeout(1_500);
    await picture(tab, `exams-report-${width}`, false);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  async function see(page: Page, name: string, width: string): Promise<void> {
    await picture(page, `exams-${name}-${width}`);
    expect({ name, faults: await accessibilityFaults(page) }).toEqual({ name, faults: [] });
    expect({ name, overflows: await overflowsSideways(page) }).toEqual({ name, overflows: false });
  }

  it('filters, whole history, search and keys', async () => {
    const { page } = await browser.newPerson();
    const tab = await callFor(page, thorax.family, 'generaliste');
    expect(await tab.locator('#exams tbody tr[data-exam]').count()).toBe(5);
    await tab.selectOption('#modalite', 'MR');
    await tab.click('.filters button');
    expect(await tab.locator('#exams tbody tr[data-exam]').count()).toBe(1);
    await picture(tab, 'exams-filtered-desk');
    await tab.click('.chip:has-text("Modalité")');
    expect(await tab.locator('#exams tbody tr[data-exam]').count()).toBe(5);
    await tab.click('text=Tout l’historique');
    expect(await tab.locator('#exams tbody tr[data-exam]').count()).toBe(6);
    await tab.keyboard.press('/');
    await tab.keyboard.type('abdomen irm');
    expect(await tab.locator('#exams tbody tr[data-exam]:visible').count()).toBe(1);
    const chip = tab.locator('.text-chip button');
    expect(await chip.textContent()).toContain('abdomen irm');
    expect(tab.url()).not.toContain('abdomen');
    await chip.click();
    expect([await chip.isVisible(), await tab.inputValue('#texte')]).toEqual([false, '']);
    expect(await tab.locator('#exams tbody tr[data-exam]:visible').count()).toBe(6);
    await tab.fill('#texte', 'acc-3003');
    expect(await tab.locator('#exams tbody tr[data-exam]:visible').count()).toBe(1);
    await tab.press('#texte', 'Escape');
    await tab.locator('#texte').blur();
    await tab.keyboard.press('ArrowDown');
    await tab.keyboard.press('ArrowDown');
    expect(await tab.locator('tr.current .act').textContent()).toBe('IRM de l’abdomen');
    // The keys do nothing for a line that the search hides.
    await tab.fill('#texte', 'scanner');
    expect(await tab.locator('tr.current').count()).toBe(0);
    await tab.locator('#texte').blur();
    await tab.keyboard.press('c');
    await tab.focus('#texte');
    await tab.press('#texte', 'Escape');
    await tab.locator('#texte').blur();
    await tab.keyboard.press('ArrowDown');
    await tab.keyboard.press('ArrowDown');
    expect(await tab.locator('tr.current .act').textContent()).toBe('IRM de l’abdomen');
    await tab.keyboard.press('c');
    await tab.waitForURL(/comptes-rendus/);
    await page.context().close();
  });

  it('never mixes two tabs, nor two people', async () => {
    const [doctor, other] = [await browser.newPerson(), await browser.newPerson()];
    const first = await callFor(doctor.page, thorax.family, 'generaliste');
    const [second, theirs] = await Promise.all([
      callFor(doctor.page, head.family),
      callFor(other.page, abdomen.family, 'generaliste'),
    ]);
    await Promise.all([first.reload(), second.reload(), theirs.reload()]);
    expect([await family(first), await family(second), await family(theirs)]).toEqual([
      thorax.family,
      head.family,
      abdomen.family,
    ]);
    expect(await first.content()).not.toContain(head.family);
    expect(await second.content()).not.toContain(thorax.family);
    await theirs.goto(first.url());
    expect(await theirs.content()).not.toContain(thorax.family);
    await doctor.context.close();
    await other.context.close();
  });

  it('stays fluid with five hundred exams', async () => {
    const { dmp } = bench.neighbours;
    for (let number = 1000; number < 1500; number++)
      seedExam(dmp, {
        number,
        at: monthsAgo((number % 22) + 1),
        patient: abdomen,
        description: `Scanner de suivi ${number}`,
        report: number % 3 === 0,
      });
    const { page } = await browser.newPerson();
    const tab = await callFor(page, abdomen.family, 'generaliste');
    expect(await tab.locator('#exams tbody tr[data-exam]').count()).toBe(500);
    await tab.fill('#texte', 'suivi 1250');
    expect(await tab.locator('#exams tbody tr[data-exam]:visible').count()).toBe(1);
    await tab.fill('#texte', '');
    const costs = await tab.evaluate(costOfList);
    process.stderr.write(`500 exams: ${JSON.stringify(costs)}\n`);
    // Beside what the browser needs to draw such a table at all, on this machine and at this moment.
    expect(costs.searchMs).toBeLessThan(1.5 * costs.drawMs);
    expect(costs.tickMs).toBeLessThan(0.75 * costs.drawMs);
    expect(costs.scrollMs).toBeLessThan(0.5 * costs.drawMs);
    expect(costs.elementsPerExam).toBeLessThan(45);
    await page.context().close();
  }, 180_000);

  it('tells masked, replaced, withdrawn and deleted documents apart', async () => {
    const { registry } = bench.neighbours.dmp;
    const seed = (exam: Parameters<typeof seedExam>[1]) =>
      registry.documentByUniqueId(seedExam(bench.neighbours.dmp, { patient: head, ...exam }).manifest ?? '')
        ?.entryUuid ?? '';
    seed({ number: 20, at: monthsAgo(2), description: 'Examen masqué', masked: 'MASQUE_PS' });
    seed({ number: 24, at: monthsAgo(2), description: 'Examen à annoncer', masked: true });
    seed({ number: 25, at: monthsAgo(2), description: 'Examen du mineur', masked: 'INVISIBLE_REPRESENTANTS_LEGAUX' });
    registry.changeStatus(
      seed({ number: 21, at: monthsAgo(5), description: 'Examen révisé', series: [2] }),
      'Deprecated',
    );
    seed({ number: 21, at: monthsAgo(3), description: 'Examen révisé', series: [3, 4] });
    registry.changeStatus(seed({ number: 22, at: monthsAgo(4), description: 'Examen retiré' }), 'Deprecated');
    registry.changeStatus(seed({ number: 23, at: monthsAgo(4), description: 'Examen supprimé' }), 'Deleted');
    const { page } = await browser.newPerson();
    const tab = await callFor(page, head.family, 'generaliste');
    const row = (text: string) => tab.locator('#exams tbody tr[data-exam]', { hasText: text });
    // The record itself gives a document masked to professionals to its author only.
    expect(await row('Examen masqué').count()).toBe(0);
    expect(await row('Examen à annoncer').locator('.badge').textContent()).toBe('Non visible par le patient');
    expect(await row('Examen du mineur').locator('.badge').textContent()).toBe(
      'Non visible par les représentants légaux',
    );
    expect(await row('Examen révisé').count()).toBe(1);
    expect([await row('Examen retiré').count(), await row('Examen supprimé').count()]).toEqual([0, 0]);
    await tab.waitForFunction(() => /2 \/ 7/.test(document.querySelector('#exams')?.textContent ?? ''));
    await tab.click('text=Voir aussi les versions remplacées');
    await tab.waitForSelector('.earlier');
    expect(await row('Examen supprimé').count()).toBe(0);
    expect(await row('Examen révisé').locator('a.images').count()).toBe(1);
    await row('Examen révisé').locator('.earlier summary').click();
    expect(await row('Examen révisé').locator('.earlier').textContent()).toContain(
      'ne fournit que la version en vigueur',
    );
    expect(await row('Examen retiré').locator('a.images').count()).toBe(0);
    await row('Examen retiré').locator('.earlier summary').click();
    expect(await row('Examen retiré').textContent()).toContain('ne peuvent plus être ouvertes');
    await see(tab, 'versions', 'desk');
    await page.context().close();
  });

  it.each(['desk', 'hand'] as const)(
    'lists the patients that are open, in whatever tab, and closes them: %s',
    async (width) => {
      const { page, problems } = await browser.newPerson(width);
      const first = await callFor(page, thorax.family, 'generaliste');
      const second = await callFor(page, head.family);
      await callFor(page, abdomen.family, undefined, 'non');
      await first.goto(`${bench.url}/dossiers`);
      const names = () => first.locator('.open-patients .family').allTextContents();
      expect(await names()).toEqual(
        [abdomen, head, thorax].map(({ family: name, given }) => `${name} ${given.split(' ')[0]}`),
      );
      await see(first, 'patients', width);
      expect(first.url()).not.toMatch(/DRIM-FICTIVE|DEMO/);
      await first.locator('.open-patients li', { hasText: head.family }).locator('button').click();
      await first.waitForURL(/\/dossiers$/);
      expect(await names()).toHaveLength(2);
      await second.reload();
      expect(await second.content()).not.toContain(head.family);
      await first.click('text=Tout fermer');
      await first.waitForSelector('text=Aucun patient ouvert');
      expect(problems.filter((text) => !text.includes('404'))).toEqual([]);
      await page.context().close();
    },
  );

  it('explains an opposition, and shows nothing', async () => {
    const { page } = await browser.newPerson();
    const tab = await callFor(page, thorax.family, 'generaliste', 'non');
    await see(tab, 'opposed', 'desk');
    expect(await tab.textContent('main')).toContain('oppose');
    await page.context().close();
  });

  it('opens a manifest brought as a file, and refuses the one of another patient', async () => {
    const { page } = await browser.newPerson();
    const tab = await callFor(page, thorax.family, 'generaliste');
    const own = manifestOfExam({ number: 90, at: '', description: 'Scanner apporté', series: [7] });
    const send = (bytes: Buffer) =>
      tab.setInputFiles('#fichier', { name: 'KOS.DCM', mimeType: 'application/dicom', buffer: bytes });
    await send(manifestOfExam({ number: 91, at: '', patient: head }).bytes);
    await tab.waitForSelector('.upload-status:has-text("identité")');
    await send(Buffer.from('rien'));
    await tab.waitForSelector('.upload-status:has-text("Ce fichier ne contient pas")');
    await send(own.bytes);
    await tab.waitForSelector('text=Scanner apporté');
    await tab.waitForFunction(() => /1 \/ 7/.test(document.querySelector('#exams')?.textContent ?? ''));
    await picture(tab, 'exams-uploaded-desk');
    await page.context().close();
  });
});
