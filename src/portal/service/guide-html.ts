/**
 * Our own runbook pages as HTML: headings, paragraphs, lists, code, emphasis, links between pages. Everything else stays
 * text; nothing of the source becomes a tag or an address by itself.
 */
export function guideHtml(markdown: string): string {
  const blocks: string[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let at = 0; at < lines.length;) {
    const reader = readers.find(({ begins }) => begins.test(lines[at] ?? '')) ?? paragraph;
    const { html, next } = reader.read(lines, at);
    if (html) blocks.push(html);
    at = next;
  }
  return blocks.join('\n');
}

interface BlockReader {
  readonly begins: RegExp;
  read(lines: readonly string[], at: number): { html: string; next: number };
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Code first: what stands in it is never emphasis or a link. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      part.startsWith('`') && part.length > 1
        ? `<code>${escaped(part.slice(1, -1))}</code>`
        : escaped(part)
            .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
            .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, words: string, target: string) => linkTo(words, target)),
    )
    .join('');
}

/** Pages of the runbook are links; other documents are not served here and are only named. */
function linkTo(words: string, target: string): string {
  const page = /^([a-z][a-z0-9-]*)\.md$/.exec(target)?.[1];
  return page ? `<a href="/service/aide/${page}">${words}</a>` : `${words} (<code>${target}</code>)`;
}

/** Lines from `at` on, as long as `isOne` says so. */
function run(lines: readonly string[], at: number, isOne: (line: string) => boolean): string[] {
  const rest = lines.slice(at);
  const end = rest.findIndex((line) => !isOne(line));
  return end === -1 ? rest : rest.slice(0, end);
}

function list(tag: 'ul' | 'ol', begins: RegExp): BlockReader {
  return {
    begins,
    read: (lines, at) => {
      const own = run(lines, at, (line) => begins.test(line) || /^ {2,}\S/.test(line));
      const items: string[] = [];
      for (const line of own) {
        if (begins.test(line)) items.push(line.replace(begins, ''));
        else items[items.length - 1] += ` ${line.trim()}`;
      }
      const html = items.map((item) => `<li>${inline(item)}</li>`).join('');
      return { html: `<${tag}>${html}</${tag}>`, next: at + own.length };
    },
  };
}

const blank: BlockReader = { begins: /^\s*$/, read: (_, at) => ({ html: '', next: at + 1 }) };
const heading: BlockReader = {
  begins: /^#{1,3} /,
  read: (lines, at) => {
    const [, marks = '#', words = ''] = /^(#{1,3}) (.*)$/.exec(lines[at] ?? '') ?? [];
    return { html: `<h${marks.length}>${inline(words)}</h${marks.length}>`, next: at + 1 };
  },
};
const fence: BlockReader = {
  begins: /^```/,
  read: (lines, at) => {
    const code = run(lines, at + 1, (line) => !line.startsWith('```'));
    return { html: `<pre tabindex="0"><code>${escaped(code.join('\n'))}</code></pre>`, next: at + code.length + 2 };
  },
};
const readers: readonly BlockReader[] = [blank, heading, fence, list('ul', /^- /), list('ol', /^\d{1,2}\. /)];
const paragraph: BlockReader = {
  begins: /./,
  read: (lines, at) => {
    const isOther = (line: string) => readers.some(({ begins }) => begins.test(line));
    const own = [lines[at] ?? '', ...run(lines, at + 1, (line) => !isOther(line))];
    return { html: `<p>${inline(own.join(' '))}</p>`, next: at + own.length };
  },
};
