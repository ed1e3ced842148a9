import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guideHtml } from './guide-html';

/** The pages of the runbook as they are shipped: beside the screens when built, in docs/ otherwise. */
const folders = [join(__dirname, '../web/runbook'), join(__dirname, '../../../docs/runbook')];
const pageName = /^[a-z][a-z0-9-]{0,40}$/;

/** A page of the runbook as HTML; undefined when there is none of that name. */
export async function readGuide(page: string): Promise<string | undefined> {
  const file = pageName.test(page) ? folders.map((folder) => join(folder, `${page}.md`)).find(existsSync) : undefined;
  return file && guideHtml(await readFile(file, 'utf8'));
}
