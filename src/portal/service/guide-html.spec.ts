import { guideHtml } from './guide-html';

describe('a page of the runbook', () => {
  it('shows headings, paragraphs, lists and code', () => {
    const page = [
      '# DMP',
      '',
      'The record does',
      'not **answer**.',
      '',
      '- one `a*b*` thing',
      '  that goes on',
      '- [the PACS](pacs.md), [errors](../errors.md)',
      '1. first',
      '2. second',
      '```sh',
      'drimbox pki status | grep "<x>"',
      '```',
      'End',
    ].join('\n');
    expect(guideHtml(page).split('\n')).toEqual([
      '<h1>DMP</h1>',
      '<p>The record does not <strong>answer</strong>.</p>',
      '<ul><li>one <code>a*b*</code> thing that goes on</li><li><a href="/service/aide/pacs">the PACS</a>, errors (<code>../errors.md</code>)</li></ul>',
      '<ol><li>first</li><li>second</li></ol>',
      '<pre tabindex="0"><code>drimbox pki status | grep &#34;&#60;x&#62;&#34;</code></pre>',
      '<p>End</p>',
    ]);
  });

  it.each([
    '<script>alert(1)</script>',
    '[x](javascript:alert(1))',
    '[<img src=x onerror=1>](pacs.md)',
    '`<b>`',
    '# <i>',
    '```\n<script>',
    '- <u>',
    '"\'&',
  ])('makes no tag of %j', (text) => {
    expect(guideHtml(text)).not.toMatch(/<(?!\/?(p|code|pre|h1|ul|li|a|strong)[ >])/);
    expect(guideHtml(text)).not.toContain('href="javascript');
  });

  it('ends, whatever it is given', () => {
    expect(guideHtml('')).toBe('');
    expect(guideHtml('```')).toBe('<pre tabindex="0"><code></code></pre>');
    expect(guideHtml('\n\n  \n')).toBe('');
    expect(guideHtml('#not a heading')).toBe('<p>#not a heading</p>');
  });
});
